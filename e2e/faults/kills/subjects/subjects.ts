import type { Subject } from "../subject.ts";
import { cloud } from "./cloud.ts";
import { deployedCloud } from "./deployed-cloud.ts";
import { flavor } from "./flavor.ts";
import { image } from "./image.ts";
import { project } from "./project.ts";
import { secretSubjects } from "./secret.ts";
import { server } from "./server.ts";
import { serverKeptDisk } from "./server-kept-disk.ts";

/** All that the operator is killed over. */
export const subjects: readonly Subject[] = [
  cloud,
  deployedCloud,
  project,
  flavor,
  ...secretSubjects,
  image,
  server,
  serverKeptDisk,
];
