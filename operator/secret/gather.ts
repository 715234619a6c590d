import type { SecretStatusVersion } from "#operator/api/generated/secret.ts";
import type { ListedSecret } from "./key-manager.ts";
import type { Mark } from "./mark.ts";
import type { Version, VersionParts, VersionState } from "./version.ts";

/** A secret of Barbican that carries our mark for this very object. */
export interface Marked {
  readonly listed: ListedSecret;
  readonly mark: Mark;
}

export interface Gathered {
  readonly versions: readonly Version[];
  /** Marked secrets that stand for nothing: a second one of a version, made by an answer that came too late. */
  readonly strays: readonly string[];
}

/**
 * The versions of a Secret: those that the status knows, and those that only Barbican does, because a pass was cut off
 * before its status was written, or the status was lost.
 * @param listed the project's secrets as Barbican has them, at least those of this name
 */
export function gather(
  known: readonly SecretStatusVersion[],
  marked: readonly Marked[],
  listed: ReadonlyMap<string, ListedSecret>,
  now: Date,
): Gathered {
  const versions = new Map<number, Version>();
  for (const entry of known) versions.set(entry.version, fromStatus(entry, listed, now));
  const accounted = new Set([...versions.values()].flatMap(({ parts }) => Object.values(parts)));
  const strays: string[] = [];
  const secrets = marked.filter(({ mark }) => mark.part === "secret").toSorted(payloadFirst);
  for (const { listed: secret, mark } of secrets) {
    if (accounted.has(secret.id)) continue;
    const taken = versions.get(mark.version);
    if (taken !== undefined && (taken.state === "ready" || taken.state === "empty")) strays.push(secret.id);
    else versions.set(mark.version, fromMark({ listed: secret, mark }, marked, listed, now));
  }
  const standing = new Set([...versions.values()].flatMap(({ parts }) => Object.values(parts)));
  for (const { listed: secret, mark } of marked) {
    // A public half whose order is still to be taken in belongs to a version that is being made.
    if (mark.part === "public" && !standing.has(secret.id) && versions.has(mark.version)) strays.push(secret.id);
  }
  return { versions: [...versions.values()].toSorted((a, b) => a.version - b.version), strays };
}

/** A payload outweighs none, and the older outweighs the newer: so each pass picks the same. */
function payloadFirst(a: Marked, b: Marked): number {
  return (
    Number(b.listed.hasPayload) - Number(a.listed.hasPayload) ||
    a.listed.createdAt.getTime() - b.listed.createdAt.getTime() ||
    a.listed.id.localeCompare(b.listed.id)
  );
}

function fromStatus(entry: SecretStatusVersion, listed: ReadonlyMap<string, ListedSecret>, now: Date): Version {
  const { secret, publicKey, container, order } = entry.refs;
  const parts: VersionParts = {
    secret: idOf(secret),
    ...(publicKey === undefined ? {} : { publicKey: idOf(publicKey) }),
    ...(container === undefined ? {} : { container: idOf(container) }),
    ...(order === undefined ? {} : { order: idOf(order) }),
  };
  const expiresAt = entry.expiresAt === undefined ? undefined : new Date(entry.expiresAt);
  return {
    version: entry.version,
    parts,
    createdAt: new Date(entry.createdAt),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(entry.mac === undefined ? {} : { mac: entry.mac }),
    state: stateOf(parts, expiresAt, listed, now),
  };
}

function fromMark(
  { listed: secret, mark }: Marked,
  marked: readonly Marked[],
  listed: ReadonlyMap<string, ListedSecret>,
  now: Date,
): Version {
  const half = marked.find(({ mark: other }) => other.part === "public" && other.version === mark.version);
  const parts: VersionParts = {
    secret: secret.id,
    ...(half === undefined ? {} : { publicKey: half.listed.id }),
    ...(mark.container === undefined ? {} : { container: mark.container }),
    ...(mark.order === undefined ? {} : { order: mark.order }),
  };
  return {
    version: mark.version,
    parts,
    createdAt: mark.createdAt,
    ...(secret.expiresAt === undefined ? {} : { expiresAt: secret.expiresAt }),
    ...(mark.mac === undefined ? {} : { mac: mark.mac }),
    state: stateOf(parts, secret.expiresAt, listed, now),
  };
}

function stateOf(
  parts: VersionParts,
  expiresAt: Date | undefined,
  listed: ReadonlyMap<string, ListedSecret>,
  now: Date,
): VersionState {
  if (expiresAt !== undefined && expiresAt <= now) return "expired";
  const secret = listed.get(parts.secret);
  if (secret === undefined || (parts.publicKey !== undefined && !listed.has(parts.publicKey))) return "gone";
  return secret.hasPayload ? "ready" : "empty";
}

/** The id at the end of an address in Barbican. */
export function idOf(ref: string): string {
  return ref.slice(ref.lastIndexOf("/") + 1);
}
