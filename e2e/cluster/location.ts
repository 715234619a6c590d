import { join, resolve } from "node:path";

/** The checkout. */
export const checkout = resolve(import.meta.dirname, "../..");

/** Where a cluster keeps its state. Everything in it goes when the cluster is taken down. */
export interface ClusterLocation {
  readonly stateDir: string;
  readonly logsDir: string;
}

/** The state folder: NEPHELE_CLUSTER_DIR, else `.cache/<name>` of the checkout. One folder is one cluster. */
export function clusterLocation(
  env: Readonly<Record<string, string | undefined>> = process.env,
  name: "cluster" | "node" = "cluster",
): ClusterLocation {
  const stateDir = resolve(env["NEPHELE_CLUSTER_DIR"] || join(checkout, ".cache", name));
  return { stateDir, logsDir: join(stateDir, "logs") };
}
