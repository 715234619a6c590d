import type { Server, ServerStatusReboot } from "#operator/api/generated/server.ts";
import { durationMs } from "#runtime/api/duration.ts";
import { timeText } from "#runtime/api/time.ts";

/** The running instance, as far as a reboot needs it. */
export interface RebootInput {
  readonly server: Server;
  /** UID of the instance that lives; undefined where none does. */
  readonly instance: string | undefined;
  /** Whether its guest is up. */
  readonly up: boolean;
  /** Whether the Server, or its Project, is to be off. */
  readonly stopped: boolean;
  readonly now: Date;
}

export type RebootAction =
  | { readonly kind: "none" }
  /** Write down what is going to end, then come back: a crash in between neither loses nor repeats it. */
  | { readonly kind: "record" }
  /** Ask the guest to shut down; the machine starts another instance. */
  | { readonly kind: "ask"; readonly instance: string }
  /** Cut the power. */
  | { readonly kind: "cut"; readonly instance: string };

export interface RebootStage {
  /** What the status says after this pass. */
  readonly reboot?: ServerStatusReboot;
  readonly action: RebootAction;
}

/**
 * Each new `requestedAt` ends one instance, which the status names before it is touched: what is gone is not ended
 * twice, and an instance that another pass has started is another instance. A Server that does not run has nothing to
 * reboot, and the request is done with; so is one that was taken out of the spec meanwhile, and where
 * nothing was ever said of the Server, as after a restore, one that is in its manifest: the guest was started since.
 */
export function nextReboot({ server, instance, up, stopped, now }: RebootInput): RebootStage {
  const request = server.spec.reboot;
  const before = server.status?.reboot;
  if (request === undefined)
    return keep(isUnderWay(before) ? { ...before, doneAt: timeText(now) } : before, { kind: "none" });
  if (before === undefined || !sameTime(before.requestedAt, request.requestedAt)) {
    const recorded = { requestedAt: request.requestedAt, type: request.type };
    const at = timeText(now);
    const isKnown = server.status?.state !== undefined;
    if (instance === undefined || !isKnown) return keep({ ...recorded, doneAt: at }, { kind: "none" });
    return keep({ ...recorded, startedAt: at, instance }, { kind: "record" });
  }
  if (!isUnderWay(before)) return keep(before, { kind: "none" });
  if (instance !== before.instance) {
    // With no instance at all it was stopped meanwhile, or the next one has not come yet.
    const ends = instance === undefined ? stopped : up;
    return keep(ends ? { ...before, doneAt: timeText(now) } : before, { kind: "none" });
  }
  if (before.type === "Hard") return keep(before, { kind: "cut", instance });
  const left = Date.parse(before.startedAt ?? "") + durationMs(request.hardAfter) - now.getTime();
  return keep(before, left > 0 ? { kind: "ask", instance } : { kind: "cut", instance });
}

/** How long until the power is cut, in ms; for coming back in time. */
export function untilCut(reboot: ServerStatusReboot, hardAfter: string, now: Date): number {
  return Math.max(Date.parse(reboot.startedAt ?? "") + durationMs(hardAfter) - now.getTime(), 100);
}

/** It was begun, and its end is awaited. */
export function isUnderWay(
  reboot: ServerStatusReboot | undefined,
): reboot is ServerStatusReboot & { readonly instance: string } {
  return reboot?.instance !== undefined && reboot.doneAt === undefined;
}

function keep(reboot: ServerStatusReboot | undefined, action: RebootAction): RebootStage {
  return reboot === undefined ? { action } : { reboot, action };
}

/** The same moment, however it is written. */
function sameTime(one: string, other: string): boolean {
  return one === other || Date.parse(one) === Date.parse(other);
}
