import type { TestProject } from "vitest/node";
import { clusterLocation } from "../cluster/location.ts";
import { openNode } from "./handle.ts";
import { removeLeftNode } from "./second-node.ts";
import { upNode } from "./up.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The state folder of the running cluster with a node: `openNode(inject("nodeStateDir"))`. */
    readonly nodeStateDir: string;
  }
}

/** Brings a cluster with a node up before the first test that needs it. It is left running for the next run. */
export default async function setup(project: TestProject): Promise<void> {
  const cluster = await upNode(clusterLocation(process.env, "node"), (line) => process.stderr.write(`${line}\n`));
  await removeLeftNode(await openNode(cluster.stateDir));
  project.provide("nodeStateDir", cluster.stateDir);
}
