import type { Kind } from "../proto/kinds.ts";
import type { SotwRequest } from "./messages.ts";
import type { StreamState } from "./stream.ts";

/** Names in one request, and of one type on one stream, at most: who asks for more is taken for an attacker. */
export const mostNames = 100_000;

/** Requests that are kept for a group without a snapshot, at most; a proxy waits for answers after a few. */
const mostWaiting = 1_000;

/**
 * Why what a client asked for is more than is kept for a stream, after its request for a kind; undefined where it is not.
 * What is sent needs no limit: it waits for acknowledgements.
 */
export function excessOf({ types, waiting }: StreamState, kind: Kind): string | undefined {
  const type = types[kind];
  // Under a wildcard, what was unsubscribed from is owed, and no part of the interest.
  if (type !== undefined && Math.max(type.interest.names.size, type.debts.size) > mostNames) {
    return `it asks for more than ${mostNames} names of a type`;
  }
  if (waiting.length > mostWaiting) return `it sent more than ${mostWaiting} requests before there was an answer`;
  if (waiting.reduce((sum, { request }) => sum + namesIn(request), 0) > mostNames) {
    return `it asks for more than ${mostNames} names before there was an answer`;
  }
  return undefined;
}

function namesIn(request: StreamState["waiting"][number]["request"]): number {
  if (isSotw(request)) return request.names.length;
  return request.subscribe.length + request.unsubscribe.length + request.initialVersions.size;
}

function isSotw(request: StreamState["waiting"][number]["request"]): request is SotwRequest {
  return "names" in request;
}
