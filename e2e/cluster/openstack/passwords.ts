import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "../files.ts";
import type { ClusterLocation } from "../location.ts";
import { folderOf } from "./context.ts";

/** Users with a password. The first two are of the databases, the others of Keystone. */
export const accounts = ["keystone-database", "barbican-database", "admin", "barbican", "nephele"] as const;
export type Account = (typeof accounts)[number];

/** The file (mode 0600, no line end) with an account's password, a random one made at the first call. */
export function passwordFile(location: Pick<ClusterLocation, "stateDir">, account: Account): string {
  const file = join(folderOf(location, "passwords"), account);
  // Hexadecimal, so that it needs no quoting in SQL, URLs and YAML.
  if (!existsSync(file)) writeWhole(file, randomBytes(24).toString("hex"));
  return file;
}

export function readPassword(location: Pick<ClusterLocation, "stateDir">, account: Account): string {
  return readFileSync(passwordFile(location, account), "utf8");
}
