import type { Server, ServerStatusResize } from "#operator/api/generated/server.ts";

/** Where a resize stands. The machine itself always follows flavorRef; this is the memory of what was before. */
export interface ResizeStage {
  /** The Flavor that is the Server's own: confirmed, or never changed. */
  readonly flavor: string;
  /** The resize that is not finished. */
  readonly resize?: ServerStatusResize;
  readonly stage: "none" | "resizing" | "verify" | "reverting";
  /** What has just come to its end. */
  readonly ended?: "confirmed" | "reverted";
}

export interface ResizeInput {
  readonly server: Server;
  /** The Flavor with which the guest runs, or would be started when it is stopped as wanted. Undefined: neither yet. */
  readonly running: string | undefined;
  readonly now: string;
}

/**
 * The next stage. Confirmed by `resize.confirm: Automatic`, or by `resize.confirmed` with the new Flavor's name;
 * reverted by setting flavorRef back before that. A third Flavor tried in between is tried from the same first one.
 */
export function nextResize({ server, running, now }: ResizeInput): ResizeStage {
  const wanted = server.spec.flavorRef.name;
  const before = server.status?.resize;
  const flavor = server.status?.flavor ?? running ?? wanted;
  if (before === undefined) {
    if (flavor === wanted) return { flavor, stage: "none" };
    return advance({ from: flavor, to: wanted, startedAt: now });
  }
  if (before.from === wanted) {
    if (running === wanted) return { flavor: wanted, stage: "none", ended: "reverted" };
    return { flavor: before.from, resize: before, stage: "reverting" };
  }
  if (before.to !== wanted) return advance({ from: before.from, to: wanted, startedAt: now });
  return advance(before);

  function advance(resize: ServerStatusResize): ResizeStage {
    // A guest that ran with it and is between two lives has it still.
    const isApplied = running === wanted || (running === undefined && resize.appliedAt !== undefined);
    if (!isApplied) return { flavor: resize.from, resize, stage: "resizing" };
    const { confirm, confirmed } = server.spec.resize;
    if (confirm === "Automatic" || confirmed === wanted) return { flavor: wanted, stage: "none", ended: "confirmed" };
    return { flavor: resize.from, resize: { ...resize, appliedAt: resize.appliedAt ?? now }, stage: "verify" };
  }
}
