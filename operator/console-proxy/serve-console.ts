import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { RemoteConsole } from "#operator/api/generated/remoteconsole.ts";
import { remoteConsoles, servers } from "#operator/api/resources.ts";
import { type ConsoleAddress, consoleAddressOf } from "#operator/console-token.ts";
import { keyOf, keyText } from "#runtime/api/object.ts";
import { timeText } from "#runtime/api/time.ts";
import type { Connection } from "#runtime/client/connection.ts";
import { isApiError } from "#runtime/client/errors.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";
import type { Logger } from "#runtime/observe/log.ts";
import type { CacheReader } from "#runtime/watch/cache.ts";
import { isMeant, judge, mayBeBehind } from "./admission.ts";
import type { Changes } from "./changes.ts";
import { handshakeOf, isAllowedOrigin, switching } from "./handshake.ts";
import type { Sessions } from "./sessions.ts";
import { join, openUpstream } from "./tunnel.ts";

/** What all connections have in common. */
export interface Consoles {
  readonly connection: Connection;
  readonly kube: KubeClient;
  readonly cache: CacheReader;
  readonly sessions: Sessions;
  readonly changes: Changes;
  /** Connections whose URL is not good as far as the watch has told, and may be yet. */
  readonly waiting: Set<Duplex>;
  /** Connections that were let in, and whose consoles are being opened. */
  readonly opening: Set<Duplex>;
  readonly allowedOrigins: readonly string[];
  readonly log: Logger;
  /** Ends the program. */
  readonly stop: AbortSignal;
}

/** How long a URL that is not known is looked at: a watch may not have told of it yet. */
const CATCH_UP_MS = 1_000;
/**
 * So many connections may wait for that; more are refused at once. A URL that is good needs no place here, so strangers who
 * take them all keep out only those whose URL the watch has not told of.
 */
export const MOST_WAITING = 200;
/** So many may be open. */
const MOST_OPEN = 1_000;

const REFUSED =
  "this URL opens no console: it was used, or is too old, or never was good. Make another RemoteConsole.\n";

/** Answers one request for a WebSocket: refuses it, or joins it to the guest's console until either ends. */
export async function serveConsole(
  consoles: Consoles,
  request: IncomingMessage,
  client: Duplex,
  head: Buffer,
): Promise<void> {
  const { opening, sessions, log, allowedOrigins, stop } = consoles;
  client.on("error", () => undefined);
  const handshake = handshakeOf(request.method, request.headers);
  if ("problem" in handshake) return answer(client, handshake.status, `${handshake.problem}\n`);
  const address = consoleAddressOf(request.url ?? "");
  if (address === undefined || !isAllowedOrigin(request.headers.origin, allowedOrigins)) {
    log.debug({ why: address === undefined ? "no URL of a console" : "origin" }, "a connection was refused");
    return answer(client, 403, REFUSED);
  }
  if (sessions.size + opening.size >= MOST_OPEN) return answer(client, 503, "too many consoles are open\n");
  const gone = new AbortController();
  client.once("close", () => gone.abort());
  const signal = AbortSignal.any([gone.signal, stop]);
  try {
    const opened = await admit(consoles, address, client, signal);
    if (opened === undefined) return answer(client, 403, REFUSED);
    opening.add(client);
    const { spec, metadata } = opened;
    const about = { remoteConsole: keyText(keyOf(opened)), server: spec.serverRef.name, protocol: spec.protocol };
    const at = { namespace: metadata.namespace ?? "", name: spec.serverRef.name };
    const upstream = await openUpstream(consoles.connection, at, spec.protocol, handshake, signal);
    // Somebody who was let in, and then was not to be any more while KubeVirt opened the console.
    sessions.add(opened, client, () => log.info(about, "a console was closed"));
    sessions.review(about.remoteConsole, consoles.cache.get(remoteConsoles, keyOf(opened)));
    if (!client.destroyed) client.write(switching(upstream.accept, handshake.subprotocol));
    if (head.length > 0) upstream.socket.write(head);
    log.info({ ...about, ...peerOf(request) }, "a console was opened");
    join(client, upstream.socket);
  } catch (error) {
    // Of the request nothing is said here: its path holds the token.
    log.warn({ problem: error instanceof Error ? error.message : String(error) }, "a console could not be opened");
    answer(
      client,
      502,
      "the console could not be opened: see whether the Server runs, and make another RemoteConsole\n",
    );
  } finally {
    opening.delete(client);
  }
}

/** Who connects, as far as can be told: a Gateway stands between, and what it says of who came to it may be made up. */
function peerOf({ socket, headers }: IncomingMessage): { readonly peer?: string; readonly forwardedFor?: string } {
  const forwarded = headers["x-forwarded-for"];
  return {
    ...(socket.remoteAddress === undefined ? {} : { peer: socket.remoteAddress }),
    ...(forwarded === undefined ? {} : { forwardedFor: String(forwarded).slice(0, 200) }),
  };
}

/** The object whose URL this is, once it has been used for this connection; undefined where the URL is not good. */
async function admit(
  { log, waiting, ...consoles }: Consoles,
  address: ConsoleAddress,
  client: Duplex,
  signal: AbortSignal,
): Promise<RemoteConsole | undefined> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(CATCH_UP_MS)]);
  const key = keyText({ namespace: address.namespace, name: address.name });
  try {
    for (;;) {
      // Listened for before it is looked at, or a change between the two would be missed.
      const listening = new AbortController();
      const change = consoles.changes.next(key, AbortSignal.any([deadline, listening.signal]));
      const tried = await use(consoles, address);
      if (tried.kind === "used") {
        listening.abort();
        return tried.request;
      }
      const hasPlace = waiting.has(client) || waiting.size < MOST_WAITING;
      const mayWait = tried.again === "always" || (tried.again === "with a place" && hasPlace);
      if (mayWait) {
        if (tried.again === "with a place") waiting.add(client);
        await change;
        if (!deadline.aborted) continue;
      }
      listening.abort();
      log.info({ remoteConsole: key, why: tried.why }, "a connection was refused");
      return undefined;
    }
  } finally {
    waiting.delete(client);
  }
}

type Tried =
  | { readonly kind: "used"; readonly request: RemoteConsole }
  /** `again`: whether it is looked at again after a change that the watch has not told of. */
  | { readonly kind: "refused"; readonly why: string; readonly again: "never" | "with a place" | "always" };

/** Uses a URL up, if it is good. Only one connection can: the write counts on the version of the object that was judged. */
async function use(
  { kube, cache }: Pick<Consoles, "kube" | "cache">,
  { token, ...key }: ConsoleAddress,
): Promise<Tried> {
  const now = new Date();
  const verdict = judge(cache.get(remoteConsoles, key), token, now);
  if (verdict.kind === "refused") return { ...verdict, again: mayBeBehind(verdict) ? "with a place" : "never" };
  const { request } = verdict;
  const server = await kube.get(servers, { namespace: key.namespace, name: request.spec.serverRef.name });
  if (!isMeant(server, request)) return { kind: "refused", why: "another Server", again: "never" };
  const { uid, resourceVersion } = request.metadata;
  try {
    const patch = { metadata: { uid, resourceVersion }, status: { usedAt: timeText(now) } };
    const used = await kube.mergePatch(remoteConsoles, key, patch, "status");
    if (used === undefined) return { kind: "refused", why: "unknown", again: "never" };
    return { kind: "used", request: used };
  } catch (error) {
    if (isApiError(error, "Conflict")) return { kind: "refused", why: "changed meanwhile", again: "always" };
    throw error;
  }
}

const REASONS = {
  400: "Bad Request",
  403: "Forbidden",
  426: "Upgrade Required",
  502: "Bad Gateway",
  503: "Service Unavailable",
} as const;

function answer(client: Duplex, status: keyof typeof REASONS, text: string): void {
  if (client.destroyed) return;
  const lines = [
    `HTTP/1.1 ${status} ${REASONS[status]}`,
    "Content-Type: text/plain; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(text)}`,
    ...(status === 426 ? ["Upgrade: websocket"] : []),
    "Connection: close",
    "",
    text,
  ];
  // Not left to the client to end: since it asked for an upgrade no time-out of http's counts for its socket.
  client.end(lines.join("\r\n"), () => client.destroy());
}
