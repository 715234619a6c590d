import { join } from "node:path";
import { readClusterFile } from "./cluster-file.ts";
import { kindKubeconfig } from "./other-clusters.ts";
import { wantedCluster, wantedLocation } from "./wanted.ts";

/** The kubeconfig of the cluster that CLUSTER names; undefined when it is not up, or not said where. */
function kubeconfig(): string | undefined {
  const { stateDir } = wantedLocation();
  switch (wantedCluster()) {
    case "control":
    case "node":
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
  process.stderr.write(`No cluster is up in ${wantedLocation().stateDir}: start it with "make up".\n`);
  process.exitCode = 1;
} else {
  process.stdout.write(`${path}\n`);
}
