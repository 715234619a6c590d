import { type Kind, traits } from "../proto/kinds.ts";
import { PersistentMap } from "../snapshot/persistent-map.ts";
import type { Resource } from "../snapshot/resource.ts";
import type { KindView } from "../snapshot/snapshot.ts";
import {
  bytesOf,
  changedInterest,
  type Interest,
  mostSharedBytes,
  noInterest,
  routeConfigurationOf,
  wanted,
  wants,
  wildcardName,
} from "./interest.ts";
import type { DeltaRequest } from "./messages.ts";
import {
  answered,
  type Debt,
  type Held,
  heldBy,
  newTypeState,
  nothingChanged,
  nothingHeld,
  rejectionOf,
  type TypeState,
} from "./type-state.ts";

/** What a decision gives: what to send, and the state after it was sent. */
export interface Decision {
  readonly state: TypeState;
  readonly send:
    | {
        readonly resources: readonly Resource[];
        readonly removed: readonly string[];
        readonly unresolved: readonly string[];
      }
    | undefined;
}

/** The state of a type after a delta request: an answer to a response, a change of the subscription, or both. */
export function receiveDelta(
  kind: Kind,
  before: TypeState | undefined,
  request: DeltaRequest,
  view: KindView,
  now: number,
): TypeState {
  if (before === undefined) return firstRequest(kind, request, view);
  const isAnswer = before.inFlight !== undefined && before.inFlight.response.nonce === request.nonce;
  const state = isAnswer ? answered(before, request.error, now, false) : before;
  // A changed subscription counts whatever the nonce is.
  if (request.subscribe.length + request.unsubscribe.length === 0) return state;
  return resubscribed(state, request, view);
}

function firstRequest(kind: Kind, request: DeltaRequest, view: KindView): TypeState {
  const interest = changedInterest(kind, noInterest, canonical(view, request.subscribe), []);
  const state = newTypeState(kind, interest);
  // What the client has already need not be sent, though it is subscribed to: this is what initial versions are for.
  const unknown = canonical(view, request.subscribe).filter(
    (name) => name !== wildcardName && !request.initialVersions.has(name),
  );
  const exceptions =
    request.initialVersions.size === 0
      ? nothingHeld
      : new Map([...request.initialVersions].map(([name, version]) => [name, { version }]));
  return {
    ...state,
    exceptions,
    initialBytes: bytesOf([...request.initialVersions].flat()),
    debts: allRequested(interest, unknown),
    answerDue: interest.wildcard && request.initialVersions.size === 0,
  };
}

const requestedOf = new WeakMap<Interest, PersistentMap<Debt>>();

/** All these names as requested; streams that ask for all of the same interest share the map. */
function allRequested(interest: Interest, names: readonly string[]): PersistentMap<Debt> {
  const make = (): PersistentMap<Debt> => PersistentMap.of(names.map((name) => [name, "requested"] as const));
  if (new Set(names).size !== interest.names.size) return make();
  let known = requestedOf.get(interest);
  if (known === undefined) {
    known = make();
    requestedOf.set(interest, known);
  }
  return known;
}

function resubscribed(state: TypeState, request: DeltaRequest, view: KindView): TypeState {
  const subscribe = canonical(view, request.subscribe);
  const unsubscribe = canonical(view, request.unsubscribe);
  const interest = changedInterest(state.kind, state.interest, subscribe, unsubscribe);
  const debts: [string, Debt | undefined][] = [];
  for (const name of unsubscribe) {
    // Subscribed to everything the client still wants it, and has dropped it: it must hear of it again.
    if (name !== wildcardName) debts.push([name, interest.wildcard ? "requested" : undefined]);
  }
  for (const name of subscribe) if (name !== wildcardName) debts.push([name, "requested"]);

  const widened = interest.wildcard && !state.interest.wildcard;
  const dropped = new Set(unsubscribe.filter((name) => !wants(interest, view, name)));
  let { base, exceptions } = state;
  if (widened) {
    // The base counted for the names alone; now it would count for everything.
    exceptions = new Map([...state.interest.names.keys()].map((name) => [name, heldBy(state, view, name)] as const));
    base = PersistentMap.empty();
  } else if (dropped.size > 0 && exceptions.size > 0) {
    exceptions = new Map([...exceptions].filter(([name]) => !dropped.has(name)));
  }
  return {
    ...state,
    interest,
    base,
    exceptions,
    debts: state.debts.with(debts),
    owedBytes: state.owedBytes + (interest.wildcard ? bytesOf(unsubscribe) : 0),
    lookAtAll: state.lookAtAll || widened,
    answerDue: state.answerDue || widened,
  };
}

/** A resource that the client needs though the snapshot has it no more; undefined for others. */
export type GoneMeanwhile = (name: string) => Resource | undefined;

/**
 * What a delta client is to be sent to come to `view`. Without `mayRemove` what is gone is held back, and remembered as
 * an exception.
 */
export function decideDelta(
  state: TypeState,
  view: KindView,
  mayRemove: boolean,
  goneMeanwhile: GoneMeanwhile,
): Decision {
  const { send, exceptions } = foundBefore(state, view, mayRemove) ?? find(state, view, mayRemove, goneMeanwhile);
  const after: TypeState = {
    ...state,
    base: view.resources,
    exceptions,
    debts: PersistentMap.empty(),
    owedBytes: 0,
    lookAtAll: false,
    answerDue: false,
    changed: nothingChanged,
  };
  const isEmpty = send.resources.length + send.removed.length + send.unresolved.length === 0;
  return { state: after, send: isEmpty && !state.answerDue ? undefined : send };
}

/** What differs between a client and a view. */
interface Difference {
  readonly send: NonNullable<Decision["send"]>;
  readonly exceptions: ReadonlyMap<string, Held | undefined>;
}

/** What a difference was found from, but for the view. */
type Cause = Pick<TypeState, "interest" | "base" | "exceptions" | "debts" | "changed" | "lookAtAll"> & {
  readonly mayRemove: boolean;
};

/** How many differences to a view are remembered. */
const mostKnown = 16;
const knownDifferences = new WeakMap<KindView, { readonly cause: Cause; readonly difference: Difference }[]>();

/**
 * The difference as it was found for another stream that was in the same state: a thousand proxies with the same
 * interest are mostly brought from the same snapshot to the same, so one looks at the names, and all are sent one list.
 */
function foundBefore(state: TypeState, view: KindView, mayRemove: boolean): Difference | undefined {
  if (state.rejections.length > 0) return undefined;
  const known = knownDifferences
    .get(view)
    ?.find(
      ({ cause }) =>
        cause.interest === state.interest &&
        cause.base === state.base &&
        cause.changed === state.changed &&
        cause.debts === state.debts &&
        cause.exceptions === state.exceptions &&
        cause.lookAtAll === state.lookAtAll &&
        cause.mayRemove === mayRemove,
    );
  return known?.difference;
}

function remember(state: TypeState, view: KindView, mayRemove: boolean, difference: Difference): void {
  if (state.rejections.length > 0) return;
  const { interest, base, exceptions, debts, changed, lookAtAll } = state;
  if (interest.bytes + state.owedBytes + state.initialBytes > mostSharedBytes) return;
  const cause: Cause = { interest, base, exceptions, debts, changed, lookAtAll, mayRemove };
  const known = knownDifferences.get(view);
  if (known === undefined) knownDifferences.set(view, [{ cause, difference }]);
  else if (known.unshift({ cause, difference }) > mostKnown) known.pop();
}

function find(state: TypeState, view: KindView, mayRemove: boolean, goneMeanwhile: GoneMeanwhile): Difference {
  const resources: Resource[] = [];
  const removed: string[] = [];
  const unresolved: string[] = [];
  const exceptions = new Map<string, Held>();
  const { tellsRemoval } = traits[state.kind];
  // What is gone depends on what else the stream is sent.
  let isOfTheStream = false;

  const consider = (name: string, debt: Debt | undefined): void => {
    if (!wants(state.interest, view, name)) return;
    const held = heldBy(state, view, name);
    const resource = view.resources.get(name);
    if (resource !== undefined) {
      const isNews = held?.version !== resource.version;
      const isRejected = rejectionOf(state, name, resource.version) !== undefined;
      if (isNews || debt === "requested" || (debt === "resend" && !isRejected)) resources.push(resource);
      return;
    }
    const gone = debt === "requested" ? goneMeanwhile(name) : undefined;
    if (gone !== undefined) {
      isOfTheStream = true;
      resources.push(gone);
      exceptions.set(name, gone);
    } else if (debt === "requested") {
      isOfTheStream = true;
      if (state.kind === "virtualHost") {
        if (routeConfigurationOf(name) !== name) unresolved.push(name);
      } else if (tellsRemoval) removed.push(name);
    } else if (held !== undefined && tellsRemoval) {
      if (mayRemove) removed.push(name);
      else exceptions.set(name, held);
    }
  };

  for (const [name, debt] of state.debts.entries()) {
    for (const each of hostsOf(state, view, name)) consider(each, debt);
  }
  const others = state.lookAtAll ? new Set([...wanted(state.interest, view), ...state.changed]) : state.changed;
  for (const name of others) if (!state.debts.has(name)) consider(name, undefined);
  for (const name of state.exceptions.keys()) {
    if (!state.debts.has(name) && !others.has(name)) consider(name, undefined);
  }
  const difference: Difference = {
    send: { resources: unique(resources), removed, unresolved },
    exceptions: exceptions.size === 0 ? nothingHeld : exceptions,
  };
  if (!isOfTheStream) remember(state, view, mayRemove, difference);
  return difference;
}

/** The name of a route configuration stands for its hosts; any other name for itself. */
function hostsOf(state: TypeState, view: KindView, name: string): Iterable<string> {
  if (state.kind !== "virtualHost" || view.resources.has(name)) return [name];
  const hosts = [...view.resources.keys()].filter((each) => routeConfigurationOf(each) === name);
  return hosts.length > 0 ? hosts : [name];
}

/** A host may be asked for by two of its domains at once; a name may stand in a response once only. */
function unique(resources: readonly Resource[]): readonly Resource[] {
  return resources.length < 2 ? resources : [...new Set(resources)];
}

/** Names as the snapshot has them: shared text instead of a copy for each client, and hosts by their own names. */
function canonical(view: KindView, names: readonly string[]): readonly string[] {
  return names.map((name) => view.aliases.get(name) ?? view.resources.get(name)?.name ?? name);
}
