import type { Kind } from "../proto/kinds.ts";
import type { Node, SotwRequest } from "./messages.ts";
import type { StreamState } from "./stream.ts";

/** Names in one request, and of one type on one stream, at most: who asks for more is taken for an attacker. */
export const mostNames = 100_000;

/**
 * The longest name, bytes. A proxy asks for a virtual host by what its own caller wrote into `Host`, of which Envoy takes 60 KiB:
 * no caller is to cost a proxy its stream.
 */
const longestName = 64 * 1024;

/**
 * What a client may have us keep for a stream, bytes: names that it asks for or dropped, what it has from an earlier stream, and
 * requests that wait for a snapshot. 100,000 names of some 160 bytes, twice.
 */
const mostBytes = 32 * 1024 * 1024;

/** A node, bytes: kept as long as its stream, and some tens of KiB of an Envoy. */
const largestNode = 1024 * 1024;

/** Requests that are kept for a group without a snapshot, at most; a proxy waits for answers after a few. */
const mostWaiting = 1_000;

type Request = StreamState["waiting"][number]["request"];

/** Why a request is not taken in at all; undefined where it is. */
export function excessOfRequest(request: Request): string | undefined {
  const names = isSotw(request)
    ? [request.names]
    : [request.subscribe, request.unsubscribe, request.initialVersions.keys(), request.initialVersions.values()];
  for (const some of names) {
    for (const name of some) {
      if (Buffer.byteLength(name) > longestName) return `it asks for a name of more than ${longestName} bytes`;
    }
  }
  return undefined;
}

/** Why a client's description of itself is not kept; undefined where it is. */
export function excessOfNode({ encoded }: Node): string | undefined {
  return encoded.byteLength > largestNode ? `its node is of more than ${largestNode} bytes` : undefined;
}

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
  const ofTypes = Object.values(types).map(
    ({ interest, owedBytes, initialBytes }) => interest.bytes + owedBytes + initialBytes,
  );
  const kept = [...ofTypes, ...waiting.map(({ request }) => request.bytes)].reduce((sum, bytes) => sum + bytes, 0);
  return kept > mostBytes ? `it asks for names of more than ${mostBytes} bytes` : undefined;
}

function namesIn(request: Request): number {
  if (isSotw(request)) return request.names.length;
  return request.subscribe.length + request.unsubscribe.length + request.initialVersions.size;
}

function isSotw(request: Request): request is SotwRequest {
  return "names" in request;
}
