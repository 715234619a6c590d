import type { Duplex } from "node:stream";
import { upgrade } from "undici";
import type { ObjectKey } from "#runtime/api/object.ts";
import type { Connection } from "#runtime/client/connection.ts";
import { type Handshake, PLAIN } from "./handshake.ts";

/** KubeVirt's subresource of an instance, for each protocol. */
const SUBRESOURCES = { serial: "console", vnc: "vnc" } as const;

/** For KubeVirt to open a console; it dials the guest's node and its launcher. */
const OPEN_WITHIN_MS = 20_000;
/** How often a silent peer is asked whether it is there. */
const KEEP_ALIVE_MS = 30_000;

/** A console that KubeVirt has opened. */
export interface Upstream {
  readonly socket: Duplex;
  /** `Sec-WebSocket-Accept` for the client's key. */
  readonly accept: string;
}

/**
 * Opens the console of an instance through the API server. It is asked for with the client's own key, so that the frames of the
 * one connection can be passed on into the other as they are.
 * @throws Error where KubeVirt does not open it
 */
export async function openUpstream(
  connection: Connection,
  { namespace = "", name }: ObjectKey,
  protocol: keyof typeof SUBRESOURCES,
  { key }: Handshake,
  signal: AbortSignal,
): Promise<Upstream> {
  const base = connection.server.replace(/\/$/, "");
  const instance = `namespaces/${encodeURIComponent(namespace)}/virtualmachineinstances/${encodeURIComponent(name)}`;
  const { dispatcher, headers } = await connection.current();
  const url = `${base}/apis/subresources.kubevirt.io/v1/${instance}/${SUBRESOURCES[protocol]}`;
  const { socket, headers: answered } = await upgrade(url, {
    dispatcher,
    method: "GET",
    protocol: "websocket",
    headers: {
      ...headers,
      "user-agent": USER_AGENT,
      "sec-websocket-version": "13",
      "sec-websocket-key": key,
      "sec-websocket-protocol": PLAIN,
    },
    signal: AbortSignal.any([signal, AbortSignal.timeout(OPEN_WITHIN_MS)]),
  });
  const accept = answered["sec-websocket-accept"];
  if (typeof accept === "string") return { socket, accept };
  socket.destroy();
  throw new Error("the answer is no WebSocket's");
}

/** Names this program in the API server's audit log. */
export const USER_AGENT = "nephele-console-proxy";

/** Passes on what comes until either side ends, and then ends the other. */
export function join(one: Duplex, other: Duplex): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    // Without a listener an error would end the program; what follows it is `close`.
    from.on("error", () => undefined);
    from.once("close", () => to.destroy());
    // A WebSocket has no half that stays open: who was told of the end and does not end for his part is not waited for.
    from.once("end", () => to.once("finish", () => to.destroy()));
    keepAlive(from);
    from.pipe(to);
  }
  // Either may have ended before it was listened to.
  if (one.destroyed || other.destroyed) {
    one.destroy();
    other.destroy();
  }
}

function keepAlive(socket: Duplex & { setKeepAlive?: (on: boolean, ms: number) => unknown }): void {
  socket.setKeepAlive?.(true, KEEP_ALIVE_MS);
}
