import type { ClusterLocation } from "./location.ts";
import type { Ports } from "./ports.ts";
import type { Processes } from "./processes.ts";
import type { Steps } from "./steps.ts";

/** What each part of the cluster gets when it is started. */
export interface ClusterContext extends ClusterLocation {
  readonly processes: Processes;
  readonly ports: Ports;
  readonly steps: Steps;
}
