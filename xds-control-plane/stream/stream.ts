import { breakOrder, type Kind, kinds } from "../proto/kinds.ts";
import type { Reference } from "../snapshot/references.ts";
import type { Resource } from "../snapshot/resource.ts";
import type { ChangedNames, Snapshot } from "../snapshot/snapshot.ts";
import { type Decision, decideDelta, receiveDelta } from "./delta.ts";
import { wants } from "./interest.ts";
import { heldReferences, referencesOfNews } from "./known-references.ts";
import type { DeltaRequest, Response, SotwRequest, Variant } from "./messages.ts";
import { decideSotw, receiveSotw } from "./sotw.ts";
import { type Debt, nothingChanged, type TypeState } from "./type-state.ts";

/**
 * One stream: all its types, and the order among them. A pure machine: `receive`, `adopt` and `heartbeat` take what
 * happened, `flush` says what to send. Nothing in it knows of time but what it is told, in milliseconds.
 */
export interface StreamState {
  readonly variant: Variant;
  /** Begins every nonce, so that no stream takes another's for its own. */
  readonly id: string;
  readonly sent: number;
  readonly openedAt: number;
  /** Undefined until its group has one: requests are heard, and answered then. */
  readonly snapshot: Snapshot | undefined;
  readonly types: Readonly<Partial<Record<Kind, TypeState>>>;
  /** Requests of the time before there was a snapshot. */
  readonly waiting: readonly { readonly kind: Kind; readonly request: SotwRequest | DeltaRequest }[];
  readonly ordering: Ordering;
}

/** How the types of a stream are ordered. */
export interface Ordering {
  /**
   * Changes are made in the order of `kinds`, what takes traffic once what it goes to is acknowledged, and what is gone is
   * removed after them. Without it each type goes by itself, as on streams of a single type.
   */
  readonly makeBeforeBreak: boolean;
  /**
   * How long a type waits for a client that does not acknowledge what goes before, or does not ask for what that needs,
   * milliseconds. Then the other types go on.
   */
  readonly patienceMs: number;
}

/** Envoy gives up on a cluster's endpoints, and answers, after 15 s if it is not told otherwise. */
export const defaultOrdering: Ordering = { makeBeforeBreak: true, patienceMs: 20_000 };

export function newStream(variant: Variant, id: string, now: number, ordering = defaultOrdering): StreamState {
  return { variant, id, sent: 0, openedAt: now, snapshot: undefined, types: {}, waiting: [], ordering };
}

/** The state after a request. */
export function receive(state: StreamState, kind: Kind, request: SotwRequest | DeltaRequest, now: number): StreamState {
  const { snapshot } = state;
  // The node was read with the first message; its bytes are a part of the request's, which would be kept whole.
  if (snapshot === undefined) {
    return { ...state, waiting: [...state.waiting, { kind, request: { ...request, node: undefined } }] };
  }
  const view = snapshot.view(kind);
  const before = state.types[kind];
  const after =
    "subscribe" in request
      ? receiveDelta(kind, before, request, view, now)
      : receiveSotw(kind, before, request, view, now);
  return after === before ? state : withType(state, after);
}

/**
 * The state after its group was given a snapshot. `changed` are the names that differ from the snapshot that it had;
 * undefined where it had none.
 */
export function adopt(
  state: StreamState,
  snapshot: Snapshot,
  changed: ChangedNames | undefined,
  now: number,
): StreamState {
  if (state.snapshot === undefined || changed === undefined) {
    const { waiting } = state;
    return waiting.reduce<StreamState>((each, { kind, request }) => receive(each, kind, request, now), {
      ...state,
      snapshot,
      waiting: [],
    });
  }
  const types = { ...state.types };
  for (const [kind, names] of changed) {
    const type = types[kind];
    if (type !== undefined) types[kind] = { ...type, changed: union(type.changed, names) };
  }
  return { ...state, snapshot, types };
}

const nothingToSend: readonly Response[] = [];

/** Whether there may be something to send, now or once the client has answered or time has passed. */
export function isPending({ types }: StreamState): boolean {
  for (const kind of kinds) {
    const type = types[kind];
    if (type !== undefined && (!isIdle(type) || type.exceptions.size > 0 || type.awaiting.length > 0)) return true;
  }
  return false;
}

/** What is to be sent now, and the state after it was sent. */
export function flush(
  before: StreamState,
  now: number,
): { readonly state: StreamState; readonly responses: readonly Response[] } {
  const { snapshot } = before;
  if (snapshot === undefined || !isPending(before)) return { state: before, responses: nothingToSend };
  const responses: Response[] = [];
  let state = before;
  const send = (kind: Kind, decision: Decision): void => {
    const sent = afterSending(state, kind, decision, snapshot, now);
    state = sent.state;
    if (sent.response !== undefined) responses.push(sent.response);
  };

  const ordered = state.ordering.makeBeforeBreak;
  const unsettled = new Set<Kind>();
  for (const kind of kinds) {
    const type = state.types[kind];
    if (type === undefined) continue;
    if (type.inFlight === undefined && !isBlocked(type, unsettled)) {
      send(kind, decide(state, type, snapshot, !ordered));
      state = withoutArrived(state, kind);
    }
    if (ordered && isUnsettled(state, kind, now)) unsettled.add(kind);
  }
  if (ordered && unsettled.size === 0 && isSettled(state, now)) {
    for (const kind of breakOrder) {
      const type = state.types[kind];
      if (type === undefined || !owesRemoval(type, snapshot) || isStillUsed(state, kind)) continue;
      send(kind, decide(state, type, snapshot, true));
      if (state.types[kind]?.inFlight !== undefined) break;
    }
  }
  return { state, responses };
}

/** What tells the client that resources with a TTL are still there; types that wait for an answer are left out. */
export function heartbeat(
  before: StreamState,
  now: number,
): { readonly state: StreamState; readonly responses: readonly Response[] } {
  const responses: Response[] = [];
  const { snapshot } = before;
  let state = before;
  if (snapshot === undefined) return { state, responses };
  for (const kind of kinds) {
    const type = state.types[kind];
    const view = snapshot.view(kind);
    if (type === undefined || view.mortal.size === 0 || type.inFlight !== undefined) continue;
    const heartbeats = [...view.mortal.values()].filter(
      ({ name, version }) => wants(type.interest, view, name) && type.base.get(name)?.version === version,
    );
    if (heartbeats.length === 0) continue;
    const nonce = nextNonce(state);
    const response: Response = { kind, nonce, view, resources: [], removed: [], unresolved: [], heartbeats };
    responses.push(response);
    state = withType(
      { ...state, sent: state.sent + 1 },
      { ...type, lastNonce: nonce, inFlight: { response, snapshot, at: now } },
    );
  }
  return { state, responses };
}

/** When `flush` would say something else though nothing happened, milliseconds; undefined if never. */
export function nextDeadline(state: StreamState, now: number): number | undefined {
  if (!state.ordering.makeBeforeBreak || !isPending(state)) return undefined;
  let next: number | undefined;
  const consider = (since: number): void => {
    const at = since + state.ordering.patienceMs;
    if (at > now) next = Math.min(next ?? at, at);
  };
  for (const kind of kinds) {
    const type = state.types[kind];
    if (type === undefined) continue;
    if (type.inFlight !== undefined) consider(type.inFlight.at);
    if (type.awaiting.length > 0) consider(type.awaitingSince);
    if (type.exceptions.size > 0) consider(state.openedAt);
  }
  return next;
}

/**
 * What must be there before traffic is sent its way. Endpoints and secrets wait for nothing: a proxy acknowledges a cluster
 * only once it is warm, which needs them.
 */
const madeBefore: Readonly<Partial<Record<Kind, readonly Kind[]>>> = {
  listener: ["cluster", "endpoint"],
  scopedRoute: ["cluster", "endpoint"],
  route: ["cluster", "endpoint"],
  virtualHost: ["cluster", "endpoint"],
};

/** What a change waits for besides. What a client asked for, or is owed, goes without: a new listener warms by it. */
const changedAfter: Readonly<Partial<Record<Kind, readonly Kind[]>>> = {
  scopedRoute: ["listener"],
  route: ["listener", "scopedRoute"],
  virtualHost: ["route"],
};

function isBlocked(type: TypeState, unsettled: ReadonlySet<Kind>): boolean {
  const blocks = (kind: Kind): boolean => unsettled.has(kind);
  if (madeBefore[type.kind]?.some(blocks)) return true;
  const isOwed = type.debts.size > 0 || type.lookAtAll || type.answerDue;
  return !isOwed && changedAfter[type.kind]?.some(blocks) === true;
}

/** A response is not acknowledged, or what the client was told of is not asked for; neither counts for ever. */
function isUnsettled(state: StreamState, kind: Kind, now: number): boolean {
  const type = state.types[kind];
  if (type === undefined) return false;
  if (type.inFlight !== undefined) return isPatient(state, type.inFlight.at, now);
  return type.awaiting.length > 0 && isPatient(state, type.awaitingSince, now);
}

function decide(state: StreamState, type: TypeState, snapshot: Snapshot, mayRemove: boolean): Decision {
  const view = snapshot.view(type.kind);
  if (isIdle(type) && (!mayRemove || type.exceptions.size === 0)) return { state: type, send: undefined };
  // A client that warms a cluster which is gone meanwhile needs its endpoints all the same: till then it answers nothing.
  const warming = state.types.cluster?.inFlight?.snapshot.view(type.kind);
  const goneMeanwhile = (name: string): Resource | undefined => warming?.resources.get(name);
  return state.variant === "delta"
    ? decideDelta(type, view, mayRemove, goneMeanwhile)
    : decideSotw(type, view, mayRemove, goneMeanwhile);
}

/** Nothing was asked and nothing changed: there is nothing to decide. */
function isIdle(type: TypeState): boolean {
  return !type.lookAtAll && !type.answerDue && type.changed.size === 0 && type.debts.size === 0;
}

function afterSending(
  before: StreamState,
  kind: Kind,
  decision: Decision,
  snapshot: Snapshot,
  now: number,
): { readonly state: StreamState; readonly response: Response | undefined } {
  const former = before.types[kind];
  if (former === undefined || decision.state === former) return { state: before, response: undefined };
  if (decision.send === undefined) {
    const awaiting = former.lookAtAll ? heldReferences(decision.state, snapshot) : undefined;
    return { state: withType(before, awaitingOf(before, decision.state, awaiting, now)), response: undefined };
  }
  const nonce = nextNonce(before);
  const view = snapshot.view(kind);
  const response: Response = { kind, nonce, view, ...decision.send, heartbeats: [] };
  const news = referencesOfNews(decision.send.resources, former.base);
  const references = former.lookAtAll ? heldReferences(decision.state, snapshot) : news;
  const type = { ...decision.state, lastNonce: nonce, inFlight: { response, snapshot, at: now } };
  const state = withType({ ...before, sent: before.sent + 1 }, awaitingOf(before, type, references, now));
  return { state: withResends(state, news), response };
}

/**
 * Warming: a client that gets a cluster anew waits for its endpoints, a listener for its routes and secrets, though these
 * did not change. What it is subscribed to already is sent again; what it is not it will ask for.
 */
function withResends(state: StreamState, news: readonly Reference[]): StreamState {
  const owed = new Map<Kind, [string, Debt][]>();
  for (const { kind, name } of news) {
    const type = state.types[kind];
    if (type === undefined || !type.interest.names.has(name) || type.debts.has(name)) continue;
    const names = owed.get(kind);
    if (names === undefined) owed.set(kind, [[name, "resend"]]);
    else names.push([name, "resend"]);
  }
  if (owed.size === 0) return state;
  const types = { ...state.types };
  for (const [kind, debts] of owed) {
    const type = types[kind];
    if (type !== undefined) types[kind] = { ...type, debts: type.debts.with(debts) };
  }
  return { ...state, types };
}

/**
 * The type waiting for what its resources refer to. Whether the client asks for that is looked at once it has answered:
 * what it is subscribed to now it may just be about to drop, because of a removal before.
 */
function awaitingOf(
  state: StreamState,
  type: TypeState,
  references: readonly Reference[] | undefined,
  now: number,
): TypeState {
  if (!state.ordering.makeBeforeBreak || references === undefined) return type;
  const awaiting = [...stillAwaited(state, type), ...references];
  return awaiting.length + type.awaiting.length === 0 ? type : { ...type, awaiting, awaitingSince: now };
}

function withoutArrived(state: StreamState, kind: Kind): StreamState {
  const type = state.types[kind];
  if (type === undefined || type.awaiting.length === 0 || type.inFlight !== undefined) return state;
  const awaiting = stillAwaited(state, type);
  return awaiting.length === type.awaiting.length ? state : withType(state, { ...type, awaiting });
}

/** What the client was told of and has not asked for. What is not served any more is not waited for. */
function stillAwaited(state: StreamState, type: TypeState): readonly Reference[] {
  if (type.awaiting.length === 0) return type.awaiting;
  return type.awaiting.filter(
    (each) => !isSubscribed(state, each) && state.snapshot?.view(each.kind).resources.has(each.name),
  );
}

function isSubscribed(state: StreamState, { kind, name }: Reference): boolean {
  const interest = state.types[kind]?.interest;
  return interest !== undefined && (interest.wildcard || interest.names.has(name));
}

/** All that was made is acknowledged: what is gone may go. */
function isSettled(state: StreamState, now: number): boolean {
  const types = Object.values(state.types);
  if (types.some(({ inFlight }) => inFlight !== undefined)) return false;
  // On a stream that begins anew a client asks type by type; its routes may still name what is gone.
  const isComplete = state.types.listener !== undefined || state.types.route !== undefined;
  return isComplete || !isPatient(state, state.openedAt, now);
}

function owesRemoval(type: TypeState, snapshot: Snapshot): boolean {
  for (const name of type.exceptions.keys()) if (!snapshot.view(type.kind).resources.has(name)) return true;
  return false;
}

/** Whether the client may go on with what named the removed: it rejects one of those that could name it. */
function isStillUsed(state: StreamState, kind: Kind): boolean {
  const users: readonly Kind[] =
    kind === "cluster" || kind === "endpoint"
      ? ["listener", "scopedRoute", "route", "virtualHost"]
      : kind === "route"
        ? ["listener", "scopedRoute"]
        : [];
  return users.some((user) => (state.types[user]?.rejections.length ?? 0) > 0);
}

function isPatient(state: StreamState, since: number, now: number): boolean {
  return now - since < state.ordering.patienceMs;
}

function nextNonce(state: StreamState): string {
  return `${state.id}.${state.sent + 1}`;
}

function withType(state: StreamState, type: TypeState): StreamState {
  return { ...state, types: { ...state.types, [type.kind]: type } };
}

function union(some: ReadonlySet<string>, others: ReadonlySet<string>): ReadonlySet<string> {
  return some === nothingChanged || some.size === 0 ? others : some.union(others);
}
