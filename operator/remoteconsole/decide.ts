import type { Project } from "#operator/api/generated/project.ts";
import type { RemoteConsole } from "#operator/api/generated/remoteconsole.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { findCondition } from "#runtime/api/conditions.ts";
import { isDeleting } from "#runtime/api/object.ts";

/**
 * So many URLs of a namespace may wait for their connection. They are in one core Secret, which holds 1 MiB: more than 2,000 of
 * the longest.
 */
export const MOST_OPEN_URLS = 256;

/** When those who wait for one of these look again. */
const LOOK_AGAIN_MS = 30_000;

/** What a RemoteConsole hangs on. */
export interface World {
  /** The Project of its namespace. */
  readonly project: Project | undefined;
  /** The Server of the name that it names. */
  readonly server: Server | undefined;
  /** How many URLs of the namespace wait for their connection. */
  readonly openUrls: number;
  /** Whether people can reach a console proxy. */
  readonly hasProxy: boolean;
  readonly now: Date;
}

export type Decision =
  /** It cannot be given yet. `serverUID` is the Server that it is for, where one is there. */
  | {
      readonly kind: "wait";
      readonly for: string;
      readonly reason?: string;
      readonly pollAfterMs?: number;
      readonly serverUID?: string;
    }
  /** A URL is to be made for this very Server. */
  | { readonly kind: "issue"; readonly serverUID: string }
  | { readonly kind: "issued"; readonly expiresAt: Date }
  | { readonly kind: "used"; readonly usedAt: string }
  /** Nobody may connect any more; where it ended, nobody may stay connected either. */
  | { readonly kind: "over"; readonly phase: "Expired" | "Ended"; readonly why: string };

/** What is to be done about a RemoteConsole. What is over stays so. */
export function decide(request: RemoteConsole, world: World): Decision {
  const { phase } = request.status ?? {};
  if (phase === "Expired" || phase === "Ended") return { kind: "over", phase, why: whyOver(request, phase, world) };
  return decideOpen(request, world);
}

function decideOpen(request: RemoteConsole, world: World): Decision {
  return request.status?.tokenHash === undefined ? decidePending(request, world) : decideGiven(request, world);
}

/** As it was said when it came to be over; a pass that failed then may have said something else, or nothing. */
function whyOver(request: RemoteConsole, phase: "Expired" | "Ended", world: World): string {
  const ready = findCondition(request.status?.conditions, "Ready");
  if (ready?.reason === "UnrecoverableError") return ready.message;
  if (phase === "Expired") return expired(request).why;
  const again = decideOpen(request, world);
  if (again.kind === "over" && again.phase === "Ended") return again.why;
  return "its Server or its Project was not as it must be for a time: make another RemoteConsole";
}

function decidePending({ spec, status }: RemoteConsole, { project, server, openUrls, hasProxy }: World): Decision {
  const { name } = spec.serverRef;
  const seen = server === undefined || isDeleting(server) ? {} : { serverUID: server.metadata.uid };
  if (status?.serverUID !== undefined && seen.serverUID !== status.serverUID) return endedBy(name, server);
  const wait = (awaited: string, more: { readonly reason?: string; readonly pollAfterMs?: number } = {}): Decision => ({
    kind: "wait",
    for: awaited,
    ...more,
    ...seen,
  });
  if (project === undefined) return wait("a Project that has the namespace");
  if (!project.spec.enabled)
    return wait(`Project ${project.metadata.name} to be enabled`, { reason: "ProjectDisabled" });
  if (server === undefined || seen.serverUID === undefined) return wait(`Server ${name}`);
  if (!hasGuest(server)) return wait(`Server ${name} to run`);
  if (!hasProxy) return wait("a console proxy: an administrator can install it (console.enabled of the chart)");
  if (openUrls >= MOST_OPEN_URLS)
    return wait(
      `fewer than ${MOST_OPEN_URLS} RemoteConsoles of the namespace to be Issued: delete some, or let them expire`,
      { reason: "TooManyOpen", pollAfterMs: LOOK_AGAIN_MS },
    );
  return { kind: "issue", serverUID: seen.serverUID };
}

function decideGiven(request: RemoteConsole, { project, server, now }: World): Decision {
  const { spec, status } = request;
  if (server === undefined || isDeleting(server) || server.metadata.uid !== status?.serverUID)
    return endedBy(spec.serverRef.name, server);
  if (project?.spec.enabled !== true)
    return ended("the Project is disabled: make another RemoteConsole when it is not");
  if (status.usedAt !== undefined) return { kind: "used", usedAt: status.usedAt };
  const expiresAt = new Date(status.expiresAt ?? 0);
  return expiresAt <= now ? expired(request) : { kind: "issued", expiresAt };
}

type Over = Extract<Decision, { kind: "over" }>;

function ended(why: string): Over {
  return { kind: "over", phase: "Ended", why };
}

/** The Server that it was for is not there: none of the name, or another. */
function endedBy(name: string, server: Server | undefined): Over {
  if (server === undefined || isDeleting(server)) return ended(`Server ${name} is gone`);
  return ended(`Server ${name} is another than it was made for: make another RemoteConsole`);
}

function expired({ spec }: RemoteConsole): Over {
  const why = `nobody connected in ${spec.expiresAfter}: make another RemoteConsole`;
  return { kind: "over", phase: "Expired", why };
}

/** A guest that is paused has a console too. */
function hasGuest({ status }: Server): boolean {
  return status?.powerState === "Running" || status?.powerState === "Paused";
}
