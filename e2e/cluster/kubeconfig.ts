import { join } from "node:path";
import { readClusterFile } from "./cluster-file.ts";
import { clusterLocation } from "./location.ts";
import { kindKubeconfig, wantedCluster } from "./other-clusters.ts";

/** The kubeconfig of the cluster that CLUSTER names; undefined when it is not up, or not said where. */
function kubeconfig(): string | undefined {
  const { stateDir } = clusterLocation();
  const wanted = wantedCluster();
  switch (wanted) {
    case "local":
      return readClusterFile(stateDir)?.kubeconfigPath;
    case "existing":
      return process.env["KUBECONFIG"];
    case "kind":
      return join(stateDir, kindKubeconfig);
  }
}

// Prints the path and nothing else, for `export KUBECONFIG=$(make kubeconfig)`.
const path = kubeconfig();
if (path === undefined) {
  process.stderr.write(`No cluster is up in ${clusterLocation().stateDir}: start it with "make up".\n`);
  process.exitCode = 1;
} else {
  process.stdout.write(`${path}\n`);
}
