import { readClusterFile } from "./cluster-file.ts";
import { openProcesses } from "./processes.ts";
import { wantedLocation } from "./wanted.ts";

/** Prints what runs of the local cluster, and where; fails when something that should run does not. */
const { stateDir, logsDir } = wantedLocation();
const cluster = readClusterFile(stateDir);
const processes = openProcesses(stateDir, logsDir);
for (const { name, pid, logFile } of processes.list()) {
  const state = processes.isRunning(name) ? `pid ${pid}` : "not running";
  process.stdout.write(`${name.padEnd(26)}${state.padEnd(14)}${logFile}\n`);
}
if (cluster === undefined) {
  process.stdout.write(`No local cluster is up in ${stateDir}: start it with "make up".\n`);
} else {
  process.stdout.write(
    `kubeconfig  ${cluster.kubeconfigPath}\nKeystone    ${cluster.openstack?.identityUrl ?? "none"}\n`,
  );
}
if (cluster === undefined || processes.list().some(({ name }) => !processes.isRunning(name))) process.exitCode = 1;
