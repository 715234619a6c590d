import type { Project } from "#operator/api/generated/project.ts";
import type { RemoteConsole } from "#operator/api/generated/remoteconsole.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { findCondition } from "#runtime/api/conditions.ts";
import { isDeleting } from "#runtime/api/object.ts";

/** What a RemoteConsole hangs on. */
export interface World {
  /** The Project of its namespace. */
  readonly project: Project | undefined;
  /** The Server of the name that it names. */
  readonly server: Server | undefined;
  /** Whether people can reach a console proxy. */
  readonly hasProxy: boolean;
  readonly now: Date;
}

export type Decision =
  /** It cannot be given yet. */
  | { readonly kind: "wait"; readonly for: string; readonly reason?: string }
  /** A URL is to be made for this very Server. */
  | { readonly kind: "issue"; readonly serverUID: string }
  | { readonly kind: "issued"; readonly expiresAt: Date }
  | { readonly kind: "used"; readonly usedAt: string }
  /** Nobody may connect any more; where it ended, nobody may stay connected either. */
  | { readonly kind: "over"; readonly phase: "Expired" | "Ended"; readonly why: string };

/** What is to be done about a RemoteConsole. What is over stays so. */
export function decide(request: RemoteConsole, world: World): Decision {
  const { status } = request;
  if (status?.phase === "Expired" || status?.phase === "Ended") {
    const said = findCondition(status.conditions, "Ready")?.message;
    return { kind: "over", phase: status.phase, why: said ?? "it is over: make another RemoteConsole" };
  }
  return status?.tokenHash === undefined ? decidePending(request, world) : decideGiven(request, world);
}

function decidePending({ spec }: RemoteConsole, { project, server, hasProxy }: World): Decision {
  const { name } = spec.serverRef;
  if (project === undefined) return { kind: "wait", for: "a Project that has the namespace" };
  if (!project.spec.enabled)
    return { kind: "wait", for: `Project ${project.metadata.name} to be enabled`, reason: "ProjectDisabled" };
  if (server === undefined || isDeleting(server)) return { kind: "wait", for: `Server ${name}` };
  if (!hasGuest(server)) return { kind: "wait", for: `Server ${name} to run` };
  if (!hasProxy)
    return { kind: "wait", for: "a console proxy: an administrator can install it (console.enabled of the chart)" };
  return { kind: "issue", serverUID: server.metadata.uid };
}

function decideGiven({ spec, status }: RemoteConsole, { project, server, now }: World): Decision {
  const ended = (why: string): Decision => ({ kind: "over", phase: "Ended", why });
  const { name } = spec.serverRef;
  if (server === undefined || isDeleting(server)) return ended(`Server ${name} is gone`);
  if (server.metadata.uid !== status?.serverUID)
    return ended(`Server ${name} is another than it was made for: make another RemoteConsole`);
  if (project?.spec.enabled !== true)
    return ended("the Project is disabled: make another RemoteConsole when it is not");
  if (status.usedAt !== undefined) return { kind: "used", usedAt: status.usedAt };
  const expiresAt = new Date(status.expiresAt ?? 0);
  if (expiresAt <= now)
    return {
      kind: "over",
      phase: "Expired",
      why: `nobody connected in ${spec.expiresAfter}: make another RemoteConsole`,
    };
  return { kind: "issued", expiresAt };
}

/** A guest that is paused has a console too. */
function hasGuest({ status }: Server): boolean {
  return status?.powerState === "Running" || status?.powerState === "Paused";
}
