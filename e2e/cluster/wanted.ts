import { type ClusterLocation, clusterLocation } from "./location.ts";

/** A control plane without a node, one with a real node, one that the user has, or one that kind makes. */
export type ClusterKind = "control" | "node" | "existing" | "kind";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Which cluster CLUSTER asks for. `local`, which is meant where nothing is said, is the best that this machine can make by
 * itself: one with a node for root, else one without. Throws for a word that is not known.
 */
export function wantedCluster(env: Environment = process.env, isRoot: boolean = process.getuid?.() === 0): ClusterKind {
  const asked = env["CLUSTER"] || "local";
  switch (asked) {
    case "local":
      return isRoot ? "node" : "control";
    case "control":
    case "node":
    case "existing":
    case "kind":
      return asked;
    default:
      throw new Error(`CLUSTER=${asked} is not known: use local, control, node, existing or kind`);
  }
}

/** Where the cluster that CLUSTER asks for keeps its state. */
export function wantedLocation(): ClusterLocation {
  return clusterLocation(process.env, wantedCluster() === "node" ? "node" : "cluster");
}
