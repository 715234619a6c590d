import { examplesOf } from "../node/examples.ts";
import { wantedCluster, wantedLocation } from "./wanted.ts";

// Prints the folder of the example manifests for the cluster that CLUSTER names, for `kubectl apply -f $(make -s examples)`.
process.stdout.write(`${wantedCluster() === "node" ? examplesOf(wantedLocation().stateDir) : "examples"}\n`);
