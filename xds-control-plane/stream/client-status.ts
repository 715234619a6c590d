import { type Kind, kinds } from "../proto/kinds.ts";
import { wanted, wants } from "./interest.ts";
import type { StreamState } from "./stream.ts";
import { heldBy, type Rejection, rejectionOf, type TypeState } from "./type-state.ts";

/**
 * How a resource stands with a client, in CSDS's words: it has what is served; it was sent and has not acknowledged; it
 * was not sent yet; it rejected what it was sent.
 */
export type ResourceState = "SYNCED" | "STALE" | "NOT_SENT" | "ERROR";

export interface ResourceStatus {
  readonly kind: Kind;
  readonly name: string;
  /** The version that is served; of what is gone, the version that the client has. */
  readonly version: string;
  readonly state: ResourceState;
  /** With ERROR: what the client said. */
  readonly rejection: Rejection | undefined;
}

/** How each resource that a client is interested in stands, type by type. */
export function clientStatus(state: StreamState): readonly ResourceStatus[] {
  return kinds.flatMap((kind) => {
    const type = state.types[kind];
    return type === undefined ? [] : typeStatus(state, type);
  });
}

function typeStatus(state: StreamState, type: TypeState): readonly ResourceStatus[] {
  const view = state.snapshot?.view(type.kind);
  if (view === undefined) return [];
  const underway = new Set(type.inFlight?.response.resources.map(({ name }) => name));
  const served = [...wanted(type.interest, view)].flatMap((name): ResourceStatus[] => {
    const version = view.resources.get(name)?.version;
    if (version === undefined) return [];
    const rejection = rejectionOf(type, name, version);
    const held = heldBy(type, view, name)?.version;
    const isOwed = type.lookAtAll || type.debts.get(name) === "requested";
    let standing: ResourceState = "SYNCED";
    if (rejection !== undefined) standing = "ERROR";
    else if (held === undefined || (isOwed && held !== version)) standing = "NOT_SENT";
    else if (underway.has(name) || held !== version) standing = "STALE";
    return [{ kind: type.kind, name, version, state: standing, rejection }];
  });
  const leaving = [...type.exceptions].flatMap(([name, held]): ResourceStatus[] => {
    if (held === undefined || view.resources.has(name) || !wants(type.interest, view, name)) return [];
    return [{ kind: type.kind, name, version: held.version, state: "STALE", rejection: undefined }];
  });
  return [...served, ...leaving];
}
