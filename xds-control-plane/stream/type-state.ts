import type { Kind } from "../proto/kinds.ts";
import { PersistentMap } from "../snapshot/persistent-map.ts";
import type { Resource } from "../snapshot/resource.ts";
import type { KindView, Snapshot } from "../snapshot/snapshot.ts";
import { type Interest, wants } from "./interest.ts";
import type { ErrorDetail, Response } from "./messages.ts";

/** What a client holds of a resource: its version, and where it came from us on this stream, the resource. */
export type Held = Pick<Resource, "version"> & Partial<Resource>;

/** Why a name is to be sent although nothing changed: the client asked, or something that it belongs to was sent. */
export type Debt = "requested" | "resend";

/** A response that a client rejected. */
export interface Rejection extends ErrorDetail {
  readonly at: number;
  readonly nonce: string;
  /** Version by name of what of it is rejected still. */
  readonly versions: ReadonlyMap<string, string>;
}

/** A response that was sent and not answered yet. */
export interface InFlight {
  readonly response: Response;
  /** What it was taken from. */
  readonly snapshot: Snapshot;
  readonly at: number;
}

/**
 * One type on one stream. What the client has is `base`, the resources of the snapshot that it was last brought to, as
 * far as it is interested in them, but for `exceptions`: so a thousand clients that have the same share one map.
 */
export interface TypeState {
  readonly kind: Kind;
  readonly interest: Interest;
  readonly base: PersistentMap<Resource>;
  /** Known otherwise than in the base: from an earlier stream, or gone from the snapshot and not yet from the client. */
  readonly exceptions: ReadonlyMap<string, Held | undefined>;
  /** What must be sent. */
  readonly debts: PersistentMap<Debt>;
  /** The bytes of names that are owed and no part of the interest: what a client dropped of all that it is subscribed to. */
  readonly owedBytes: number;
  /** The bytes of what the client said it has from an earlier stream, names and versions. */
  readonly initialBytes: number;
  /** The first request, or one for everything, is not answered yet: look at all that it wants. */
  readonly lookAtAll: boolean;
  /** An answer is due even if it is empty. */
  readonly answerDue: boolean;
  /** Names that changed since the base. */
  readonly changed: ReadonlySet<string>;
  readonly inFlight: InFlight | undefined;
  /** The nonce of the last response; undefined before the first. */
  readonly lastNonce: string | undefined;
  /** What the client rejects, the last of it last. Each name stands in one of them. */
  readonly rejections: readonly Rejection[];
  /** Names of other kinds that the client will ask for because of what it was sent, and has not asked for yet. */
  readonly awaiting: readonly { readonly kind: Kind; readonly name: string }[];
  /** Since when it waits for them, milliseconds. */
  readonly awaitingSince: number;
}

export const nothingHeld: ReadonlyMap<string, Held | undefined> = new Map();
export const nothingChanged: ReadonlySet<string> = new Set();
const nothingRejected: readonly Rejection[] = [];

/** A type that a client asks for the first time on this stream. */
export function newTypeState(kind: Kind, interest: Interest): TypeState {
  return {
    kind,
    interest,
    base: PersistentMap.empty(),
    exceptions: nothingHeld,
    debts: PersistentMap.empty(),
    owedBytes: 0,
    initialBytes: 0,
    lookAtAll: true,
    answerDue: true,
    changed: nothingChanged,
    inFlight: undefined,
    lastNonce: undefined,
    rejections: nothingRejected,
    awaiting: [],
    awaitingSince: 0,
  };
}

/** What the client has of a name, as far as we know; undefined where it has nothing. */
export function heldBy(state: TypeState, view: KindView, name: string): Held | undefined {
  if (state.exceptions.has(name)) return state.exceptions.get(name);
  return wants(state.interest, view, name) ? state.base.get(name) : undefined;
}

/** Why a client rejects this version of a resource; undefined where it does not. */
export function rejectionOf({ rejections }: TypeState, name: string, version: string): Rejection | undefined {
  return rejections.find(({ versions }) => versions.get(name) === version);
}

/**
 * The state after a client answered the response in flight: accepted, or rejected for a reason.
 *
 * @param isWhole the response held all that there is of the type, so that what stands not in it is gone
 */
export function answered(state: TypeState, error: ErrorDetail | undefined, now: number, isWhole: boolean): TypeState {
  if (state.inFlight === undefined) return state;
  const { response } = state.inFlight;
  const standing = isWhole ? nothingRejected : stillRejected(state.rejections, response);
  if (error === undefined) return { ...state, inFlight: undefined, rejections: standing };
  const named = response.resources.filter(({ name }) => mentions(error.message, name));
  const blamed = named.length > 0 ? named : response.resources;
  // What it did not take it will not ask the endpoints or routes of: the other types do not wait for that.
  const unasked = new Set(blamed.flatMap(({ references }) => references.subscribes));
  const versions = new Map(blamed.map(({ name, version }) => [name, version]));
  return {
    ...state,
    inFlight: undefined,
    awaiting: state.awaiting.filter((reference) => !unasked.has(reference)),
    rejections: [...standing, { ...error, at: now, nonce: response.nonce, versions }],
  };
}

/** A rejection stands until what was rejected is replaced: an answer to a response of other things does not lift it. */
function stillRejected(rejections: readonly Rejection[], { removed, resources }: Response): readonly Rejection[] {
  if (rejections.length === 0) return rejections;
  const gone = new Set([...removed, ...resources.map(({ name }) => name)]);
  const standing = rejections.flatMap((rejection) => {
    const versions = new Map([...rejection.versions].filter(([name]) => !gone.has(name)));
    return versions.size === 0 ? [] : [{ ...rejection, versions }];
  });
  return standing.length === 0 ? nothingRejected : standing;
}

/** Whether a text holds a name as a word of its own: Envoy says which resource of several it rejected. */
function mentions(text: string, name: string): boolean {
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    if (!/[\w.-]/.test(text[at - 1] ?? " ") && !/[\w-]/.test(text[at + name.length] ?? " ")) return true;
  }
  return false;
}
