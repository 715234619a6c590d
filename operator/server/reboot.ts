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
  readonly now: Date;
}

export type RebootAction =
  | { readonly kind: "none" }
  /** Write down what is going to end, then come back: a crash in between neither loses nor repeats it. */
  | { readonly kind: "record" }
  /** Ask the guest to shut down; the machine starts another instance. */
  | { readonly kind: "ask"; readonly instance: string }
  /** Cut the power. */
  | { readonly kind: "cut"; readonly instance: string }
  | { readonly kind: "wait"; readonly againAfterMs?: number };

export interface RebootStage {
  /** What the status says after this pass. */
  readonly reboot?: ServerStatusReboot;
  readonly action: RebootAction;
}

/**
 * Each new `requestedAt` ends one instance, which the status names before it is touched: what is gone is not ended
 * twice, and an instance that another pass has started is another instance. A Server that does not run has nothing to
 * reboot, and the request is done with.
 */
export function nextReboot({ server, instance, up, now }: RebootInput): RebootStage {
  const request = server.spec.reboot;
  const before = server.status?.reboot;
  if (request === undefined) return keep(before, { kind: "none" });
  if (before === undefined || !sameTime(before.requestedAt, request.requestedAt)) {
    const recorded = { requestedAt: request.requestedAt, type: request.type };
    const at = timeText(now);
    if (instance === undefined) return keep({ ...recorded, doneAt: at }, { kind: "none" });
    return keep({ ...recorded, startedAt: at, instance }, { kind: "record" });
  }
  if (before.doneAt !== undefined || before.instance === undefined) return keep(before, { kind: "none" });
  if (instance !== before.instance) {
    // With no instance at all it was stopped meanwhile, or the next one has not come yet.
    if (instance === undefined && server.spec.power !== "Stopped") return keep(before, { kind: "wait" });
    if (instance !== undefined && !up) return keep(before, { kind: "wait" });
    return keep({ ...before, doneAt: timeText(now) }, { kind: "none" });
  }
  if (before.type === "Hard") return keep(before, { kind: "cut", instance });
  const left = Date.parse(before.startedAt ?? "") + durationMs(request.hardAfter) - now.getTime();
  return keep(before, left > 0 ? { kind: "ask", instance } : { kind: "cut", instance });
}

/** How long until the power is cut, in ms; for coming back in time. */
export function untilCut(reboot: ServerStatusReboot, hardAfter: string, now: Date): number {
  return Math.max(Date.parse(reboot.startedAt ?? "") + durationMs(hardAfter) - now.getTime(), 100);
}

function keep(reboot: ServerStatusReboot | undefined, action: RebootAction): RebootStage {
  return reboot === undefined ? { action } : { reboot, action };
}

/** The same moment, however it is written. */
function sameTime(one: string, other: string): boolean {
  return one === other || Date.parse(one) === Date.parse(other);
}
