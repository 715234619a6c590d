import { newestFirst, type Version } from "./version.ts";

/** All that the decision looks at. What it says is data: `plan` reads nothing else, and does nothing. */
export interface Situation {
  readonly now: Date;
  /** Where new content comes from. An imported secret has no versions to decide about. */
  readonly source: "generate" | "copy";
  /** All versions that are known, in any order. */
  readonly versions: readonly Version[];
  /** The highest number ever used, the status remembers it; 0 where there was none. */
  readonly highest: number;
  /** Copies only: whether the newest version holds what the core Secret holds now. */
  readonly contentSame?: boolean;
  /** Time from one version to the next, in milliseconds. */
  readonly rotateEveryMs?: number;
  /** The annotation `nephele.dev/rotate-requested-at`. */
  readonly rotateRequestedAt?: Date;
  /** How many versions stay, the current one among them; at least 1. */
  readonly keep: number;
}

/** Why a version is made. */
export type MakeReason = "first" | "gone" | "changed" | "requested" | "rotation";

export interface Plan {
  /** The version to make now. Absent: the newest one stays the current one. */
  readonly make?: { readonly version: number; readonly reason: MakeReason };
  /** A version that a pass began and did not end: it has its mark and only lacks its payload. */
  readonly complete?: Version;
  /** What is left of a version that is made again under its number: to take away before, so that there are never two. */
  readonly replace: readonly Version[];
  /** Versions to take away in Barbican with all their parts, once the current one is in its place everywhere. */
  readonly remove: readonly Version[];
  /** The current version is over, and nothing asks for a new one. */
  readonly expired?: Version;
  /** When the next version is due; only with a rotation. */
  readonly nextRotation?: Date;
}

/** One ground for a new version. */
type Ground = (newest: Version | undefined, situation: Situation) => boolean;

/** Grounds for a new version, the most telling first. */
const grounds: readonly (readonly [MakeReason, Ground])[] = [
  ["first", (newest) => newest === undefined],
  ["gone", (newest) => newest?.state === "gone"],
  ["changed", (_newest, { source, contentSame }) => source === "copy" && contentSame === false],
  ["requested", requested],
  ["rotation", (newest, { now, rotateEveryMs }) => isPast(rotationOf(newest, rotateEveryMs), now)],
];

/**
 * What to do about the versions of a Secret that is generated or copied. Crash-safe: made again from what a pass left
 * behind, it leads to the same end.
 */
export function plan(situation: Situation): Plan {
  const [newest, ...older] = newestFirst(situation.versions);
  const reason = grounds.find(([, ground]) => ground(newest, situation))?.[0];
  if (reason !== undefined) {
    const version = numberOf(reason, newest, situation);
    const replace = situation.versions.filter((other) => other.version === version);
    const others = situation.versions.filter((other) => other.version !== version);
    const nextRotation =
      situation.rotateEveryMs === undefined ? undefined : later(situation.now, situation.rotateEveryMs);
    return {
      make: { version, reason },
      ...(nextRotation === undefined ? {} : { nextRotation }),
      replace,
      remove: surplus(others, situation.keep - 1),
    };
  }
  if (newest === undefined) return { replace: [], remove: [] };
  const nextRotation = rotationOf(newest, situation.rotateEveryMs);
  return {
    ...(newest.state === "empty" ? { complete: newest } : {}),
    ...(newest.state === "expired" ? { expired: newest } : {}),
    ...(nextRotation === undefined ? {} : { nextRotation }),
    replace: [],
    remove: surplus(older, situation.keep - 1),
  };
}

/**
 * A copy that was deleted outside, or was begun with content that changed since, is made again under its number;
 * whatever else is new gets a new number, because people may hold the old one.
 */
function numberOf(reason: MakeReason, newest: Version | undefined, situation: Situation): number {
  const { source, contentSame, highest } = situation;
  const sameAgain = reason === "gone" && source === "copy" && contentSame !== false;
  const replaces = newest !== undefined && (newest.state === "empty" || sameAgain);
  return replaces ? newest.version : Math.max(highest, newest?.version ?? 0) + 1;
}

/** The wish counts once: when its time is past, and until a version is made after it. Versions have whole seconds. */
function requested(newest: Version | undefined, { now, rotateRequestedAt }: Situation): boolean {
  if (newest === undefined || rotateRequestedAt === undefined) return false;
  const second = Math.floor(rotateRequestedAt.getTime() / 1000) * 1000;
  return isPast(rotateRequestedAt, now) && newest.createdAt.getTime() < second;
}

function rotationOf(newest: Version | undefined, everyMs: number | undefined): Date | undefined {
  return newest === undefined || everyMs === undefined ? undefined : later(newest.createdAt, everyMs);
}

function later(at: Date, ms: number): Date {
  return new Date(at.getTime() + ms);
}

function isPast(at: Date | undefined, now: Date): boolean {
  return at !== undefined && at <= now;
}

/** All but the newest `keep` of those that can be read. */
function surplus(older: readonly Version[], keep: number): readonly Version[] {
  const readable = newestFirst(older).filter(({ state }) => state === "ready");
  const kept = new Set(readable.slice(0, keep));
  return newestFirst(older).filter((version) => !kept.has(version));
}
