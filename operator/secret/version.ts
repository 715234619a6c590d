/**
 * Where a version stands in Barbican.
 * - `ready`: it can be read.
 * - `empty`: it was begun, and has no payload yet.
 * - `expired`: its time is over; Barbican answers as if it were not there.
 * - `gone`: somebody else deleted it, or half of its pair.
 */
export type VersionState = "ready" | "empty" | "expired" | "gone";

/** The parts of a version in Barbican, by bare id. A generated pair has all four, a generated key secret and order. */
export interface VersionParts {
  readonly secret: string;
  readonly publicKey?: string;
  readonly container?: string;
  readonly order?: string;
}

/** One version of a Secret, as status and Barbican together tell it. */
export interface Version {
  /** Counts up from 1; never used for other content of another time. */
  readonly version: number;
  readonly parts: VersionParts;
  readonly createdAt: Date;
  readonly expiresAt?: Date;
  /** The keyed MAC of the copied content; only on versions copied from a core Secret. */
  readonly mac?: string;
  readonly state: VersionState;
}

/** Newest first. */
export function newestFirst(versions: readonly Version[]): readonly Version[] {
  return versions.toSorted((a, b) => b.version - a.version);
}

/** The newest version: the current one, in whatever state it is. */
export function currentOf(versions: readonly Version[]): Version | undefined {
  return newestFirst(versions)[0];
}
