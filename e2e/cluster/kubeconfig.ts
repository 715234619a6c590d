import { readClusterFile } from "./cluster-file.ts";
import { clusterLocation } from "./location.ts";

/** Prints the path of the running cluster's kubeconfig and nothing else, for `export KUBECONFIG=$(…)`. */
const { stateDir } = clusterLocation();
const cluster = readClusterFile(stateDir);
if (cluster === undefined) {
  process.stderr.write(`No local cluster is up in ${stateDir}: start it with "make up".\n`);
  process.exitCode = 1;
} else {
  process.stdout.write(`${cluster.kubeconfigPath}\n`);
}
