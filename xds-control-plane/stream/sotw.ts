import { type Kind, traits } from "../proto/kinds.ts";
import { PersistentMap } from "../snapshot/persistent-map.ts";
import type { Resource } from "../snapshot/resource.ts";
import type { KindView } from "../snapshot/snapshot.ts";
import type { Decision, GoneMeanwhile } from "./delta.ts";
import { changedInterest, type Interest, noInterest, wanted, wants, wildcardName } from "./interest.ts";
import type { SotwRequest } from "./messages.ts";
import {
  answered,
  type Held,
  heldBy,
  newTypeState,
  nothingChanged,
  rejectionOf,
  type TypeState,
} from "./type-state.ts";

/** The state of a type after a State-of-the-World request. */
export function receiveSotw(
  kind: Kind,
  before: TypeState | undefined,
  request: SotwRequest,
  view: KindView,
  now: number,
): TypeState {
  if (before === undefined) return firstRequest(kind, request, view);
  // Before the first response there is no nonce to name, and a newer request replaces the former one.
  const isCurrent = before.lastNonce === undefined || before.lastNonce === request.nonce;
  if (!isCurrent) return before;
  const isAnswer = before.inFlight !== undefined && before.inFlight.response.nonce === request.nonce;
  // What says only that something lives still is no whole.
  const isWhole = traits[kind].fullState && before.inFlight?.response.heartbeats.length === 0;
  const state = isAnswer ? answered(before, request.error, now, isWhole) : before;
  return resubscribed(state, request.names, view);
}

function firstRequest(kind: Kind, request: SotwRequest, view: KindView): TypeState {
  const interest = changedInterest(kind, noInterest, shared(view, request.names), []);
  const state = newTypeState(kind, interest);
  const isUpToDate = request.versionInfo !== "" && request.versionInfo === view.version;
  if (isUpToDate && interest.wildcard && interest.names.size === 0) {
    // It has all of this version from an earlier stream. With names this cannot be known: it may ask for a new one.
    return { ...state, base: view.resources, lookAtAll: false, answerDue: false };
  }
  return { ...state, answerDue: traits[kind].fullState };
}

function resubscribed(state: TypeState, names: readonly string[], view: KindView): TypeState {
  const { interest: before } = state;
  const next = new Set(names);
  const removed = [...before.names.keys()].filter((name) => !next.has(name));
  if (before.wildcard && before.named && !next.has(wildcardName)) removed.push(wildcardName);
  // Ending the legacy wildcard needs a name.
  if (before.wildcard && !before.named && names.length > 0 && !next.has(wildcardName)) removed.push(wildcardName);
  const added = names.filter((name) => !isAskedFor(before, name));
  if (added.length + removed.length === 0) return state;

  const interest = changedInterest(state.kind, before, shared(view, added), removed);
  const widened = interest.wildcard && !before.wildcard;
  let { base, exceptions } = state;
  if (widened) {
    exceptions = new Map([...before.names.keys()].map((name) => [name, heldBy(state, view, name)] as const));
    base = PersistentMap.empty();
  } else {
    exceptions = new Map([...exceptions].filter(([name]) => wants(interest, view, name)));
  }
  const owed = added.filter((name) => name !== wildcardName).map((name) => [name, "requested"] as const);
  return {
    ...state,
    interest,
    base,
    exceptions,
    debts: state.debts.with([...removed.map((name) => [name, undefined] as const), ...owed]),
    lookAtAll: state.lookAtAll || widened,
    // The full state follows the interest in both directions.
    answerDue: state.answerDue || traits[state.kind].fullState,
  };
}

/** What a State-of-the-World client is to be sent to come to `view`. */
export function decideSotw(
  state: TypeState,
  view: KindView,
  mayRemove: boolean,
  goneMeanwhile: GoneMeanwhile,
): Decision {
  const after: TypeState = {
    ...state,
    base: view.resources,
    exceptions: new Map(),
    debts: PersistentMap.empty(),
    owedBytes: 0,
    lookAtAll: false,
    answerDue: false,
    changed: nothingChanged,
  };
  return traits[state.kind].fullState
    ? decideFull(state, after, view, mayRemove)
    : decidePartial(state, after, view, goneMeanwhile);
}

function decideFull(state: TypeState, after: TypeState, view: KindView, mayRemove: boolean): Decision {
  const names = state.lookAtAll ? new Set([...wanted(state.interest, view), ...state.changed]) : state.changed;
  let isNews = state.answerDue || state.debts.size > 0;
  const exceptions = new Map<string, Held>();
  for (const name of new Set([...names, ...state.exceptions.keys()])) {
    if (!wants(state.interest, view, name)) continue;
    const held = heldBy(state, view, name);
    const resource = view.resources.get(name);
    if (resource === undefined && held !== undefined && !mayRemove) exceptions.set(name, held);
    else if (resource?.version !== held?.version) isNews = true;
  }
  const next = { ...after, exceptions };
  if (!isNews) return { state: next, send: undefined };
  const resources: Resource[] = [];
  for (const name of wanted(state.interest, view)) {
    const resource = view.resources.get(name);
    if (resource !== undefined) resources.push(resource);
  }
  // What is gone and may not go yet is sent along: what is missing would be removed.
  for (const held of exceptions.values()) if (isResource(held)) resources.push(held);
  return { state: next, send: { resources, removed: [], unresolved: [] } };
}

function decidePartial(state: TypeState, after: TypeState, view: KindView, goneMeanwhile: GoneMeanwhile): Decision {
  const resources: Resource[] = [];
  const names = state.lookAtAll ? new Set([...wanted(state.interest, view), ...state.changed]) : state.changed;
  for (const name of new Set([...state.debts.keys(), ...names])) {
    const debt = state.debts.get(name);
    const resource = view.resources.get(name) ?? (debt === "requested" ? goneMeanwhile(name) : undefined);
    if (resource === undefined || !wants(state.interest, view, name)) continue;
    const isRejected = rejectionOf(state, name, resource.version) !== undefined;
    const isNews = heldBy(state, view, name)?.version !== resource.version;
    if (isNews || debt === "requested" || (debt === "resend" && !isRejected)) resources.push(resource);
  }
  return { state: after, send: resources.length === 0 ? undefined : { resources, removed: [], unresolved: [] } };
}

function isAskedFor(interest: Interest, name: string): boolean {
  return name === wildcardName ? interest.wildcard && interest.named : interest.names.has(name);
}

function isResource(held: Held): held is Resource {
  return held.sotw !== undefined;
}

/** Text that the snapshot has already, instead of a copy for each client. */
function shared(view: KindView, names: readonly string[]): readonly string[] {
  return names.map((name) => view.resources.get(name)?.name ?? name);
}
