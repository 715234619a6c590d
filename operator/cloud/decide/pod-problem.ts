import type { ContainerStatus } from "kubernetes-types/core/v1.d.ts";
import type { Pod } from "#operator/api/foreign.ts";
import { PROXY_CONTAINER } from "#operator/envoy/envoy.ts";
import { unplaced } from "#operator/unplaced.ts";

/** Reasons of a waiting container that time does not mend. */
const PULL = ["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"];

/**
 * Why pods are not ready, in one sentence for a person, the newest pod first; undefined where nothing but time is
 * missing. Pure.
 */
export function podProblem(pods: readonly Pod[]): string | undefined {
  const newestFirst = [...pods].sort((a, b) =>
    b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp),
  );
  for (const pod of newestFirst) {
    const found = problemOf(pod);
    if (found !== undefined) return `pod ${pod.metadata.name}: ${found}`.slice(0, 500);
  }
  return undefined;
}

function problemOf(pod: Pod): string | undefined {
  const why = unplaced(pod);
  if (why !== undefined) return `no node takes it: ${why}`;
  const { status } = pod;
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  return (
    containers.map(containerProblem).find((problem) => problem !== undefined) ??
    (containers.some(isWaitingSidecar)
      ? "its sidecar has no identity from SPIRE's agent or no configuration from the xDS control plane yet"
      : undefined)
  );
}

/** It runs, and has not answered yet. */
function isWaitingSidecar({ name, started, state }: ContainerStatus): boolean {
  return name === PROXY_CONTAINER && state?.running !== undefined && started === false;
}

function containerProblem({ image, state, lastState, ready }: ContainerStatus): string | undefined {
  const { reason = "", message = "" } = state?.waiting ?? {};
  if (PULL.includes(reason))
    return `the image ${image} cannot be pulled${message === "" ? "" : `: ${message}`}. Put it on the node or into the registry, or change --image-registry`;
  if (reason === "CreateContainerConfigError") return message;
  const ended = state?.terminated ?? (ready ? undefined : lastState?.terminated);
  if (ended === undefined || ended.exitCode === 0) return undefined;
  const said = lastLine(ended.message);
  return `it ended with ${ended.exitCode}${said === undefined ? "" : `: ${said}`}`;
}

/** Of a log that stands for a message, the last line says what went wrong. */
function lastLine(text: string | undefined): string | undefined {
  return text?.trim().split("\n").at(-1)?.trim().slice(0, 400);
}
