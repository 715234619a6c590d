import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { tools } from "../tools/build.ts";
import { writeWhole } from "./files.ts";
import { checkout } from "./location.ts";
import { ensurePythonEnvironment } from "./openstack/python-environment.ts";
import { type ClusterKind, wantedCluster, wantedLocation } from "./wanted.ts";

// Prints a folder with a person's clients for the cluster that CLUSTER names, kubectl and openstack, for
// `export PATH=$(make -s clients):$PATH`.

/** Where a cluster's own services have names in the node's network alone, its client runs there. */
const atNode = join(checkout, "e2e/node/openstack-client.ts");

async function writeClients(stateDir: string, kind: ClusterKind): Promise<string> {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const folder = join(stateDir, "clients");
  mkdirSync(folder, { recursive: true });
  const link = join(folder, "kubectl");
  rmSync(link, { force: true });
  symlinkSync(join((await tools("kubernetes", say)).bin, "kubectl"), link);
  const openstack = join(folder, "openstack");
  const stock = (await ensurePythonEnvironment()).bin("openstack");
  const command = kind === "node" ? `"${process.execPath}" "${atNode}" "${stateDir}" "${stock}"` : `"${stock}"`;
  writeWhole(openstack, `#!/bin/sh\nexec ${command} "$@"\n`, 0o755);
  return folder;
}

process.stdout.write(`${await writeClients(wantedLocation().stateDir, wantedCluster())}\n`);
