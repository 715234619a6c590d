import type { TestProject } from "vitest/node";
import { clusterLocation } from "./location.ts";
import { up } from "./up.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The state folder of the running local cluster: `openCluster(inject("clusterStateDir"))`. */
    readonly clusterStateDir: string;
  }
}

/** Brings the local cluster up before the first test that needs it. It is left running for the next run. */
export default async function setup(project: TestProject): Promise<void> {
  const cluster = await up(clusterLocation(), (line) => process.stderr.write(`${line}\n`));
  project.provide("clusterStateDir", cluster.stateDir);
}
