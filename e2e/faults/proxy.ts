import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Dispatcher, request } from "undici";

/** What the proxy does with requests while it is set. */
export type Fault =
  /** Connections are reset at once: the service is not there. */
  | { readonly kind: "down" }
  /** Every request is answered with this, without being passed on. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly body: string;
      readonly contentType: string;
      /** Only requests of which this holds. Default: all. */
      readonly when?: (method: string, path: string) => boolean;
    }
  /** Requests are passed on after this many milliseconds. */
  | { readonly kind: "slow"; readonly ms: number };

interface Request {
  readonly method: string;
  readonly path: string;
}

/** One mutating call that passed, in order. */
export interface Write {
  readonly method: string;
  readonly path: string;
  readonly status: number;
}

export interface ProxyOptions {
  /** The real service's address; or where it is, by the host (and port) that the caller asked. */
  readonly target: string | ((host: string) => Promise<string>);
  /** Where callers find the proxy. Default: a free port of loopback. */
  readonly listen?: { readonly host: string; readonly port: number };
  readonly dispatcher?: Dispatcher;
  /** Mutating calls that do not count, such as lease renewals and logins. */
  readonly uncounted?: (method: string, path: string) => boolean;
}

/** What is waited for, and whether it has come. */
interface Hold {
  readonly which: (write: Write) => boolean;
  readonly reached: (write: Write) => void;
  /** How many of them are still to come; none: nothing passes any more. */
  left: number;
}

/**
 * A proxy between two real parts: it passes everything on unchanged until it is told of a fault. It can also hold the
 * answer of the n-th mutating call *after* the service has carried it out, which is where a crash hurts most.
 */
export class FaultProxy {
  readonly #options: ProxyOptions;
  readonly #server = createServer((incoming, outgoing) => void this.#handle(incoming, outgoing));
  readonly #open = new Set<IncomingMessage>();
  readonly #underWay = new Set<Request>();
  readonly writes: Write[] = [];
  #written = 0;
  #fault: Fault | undefined;
  #hold: Hold | undefined;

  constructor(options: ProxyOptions) {
    this.#options = options;
  }

  async start(): Promise<string> {
    // No answer is lost because the proxy closed a connection in the moment in which the caller used it again.
    this.#server.keepAliveTimeout = 0;
    const { host, port } = this.#options.listen ?? { host: "127.0.0.1", port: 0 };
    this.#server.listen(port, host);
    await once(this.#server, "listening");
    return `http://${host}:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  set fault(fault: Fault | undefined) {
    this.#fault = fault;
    if (fault?.kind === "down") this.cutAll();
  }

  /** Cuts every connection that is open, watches among them. */
  cutAll(): void {
    for (const incoming of this.#open) incoming.socket.destroy();
  }

  /**
   * Resolves when the n-th of such mutating calls from now has been carried out. Its answer never reaches the caller, and
   * no later call passes until {@link release}.
   */
  holdAfter(n: number, which: (write: Write) => boolean): Promise<Write> {
    this.writes.length = 0;
    return new Promise((reached) => {
      this.#hold = { which, reached, left: n };
    });
  }

  release(): void {
    this.#hold = undefined;
    this.writes.length = 0;
  }

  /** How many mutating calls that count have been carried out since the start. */
  get written(): number {
    return this.#written;
  }

  /** Requests that the service has not answered to the end: watches, and writes whose caller may have gone. */
  get underWay(): readonly Request[] {
    return [...this.#underWay];
  }

  async #handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const asked = { method: incoming.method ?? "GET", path: incoming.url ?? "/" };
    this.#open.add(incoming);
    this.#underWay.add(asked);
    const abort = new AbortController();
    outgoing.once("close", () => {
      this.#open.delete(incoming);
      abort.abort();
    });
    try {
      await this.#pass(asked, incoming, outgoing, abort.signal);
    } catch {
      // Whatever broke on the way to the service looks to the caller like a broken connection.
      incoming.socket.destroy();
    } finally {
      this.#underWay.delete(asked);
    }
  }

  async #pass(
    { method, path }: Request,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    signal: AbortSignal,
  ): Promise<void> {
    const fault = this.#fault;
    if (fault?.kind === "down") {
      incoming.socket.destroy();
      return;
    }
    const body = await readAll(incoming);
    if (fault?.kind === "answer" && fault.when?.(method, path) !== false) {
      outgoing.writeHead(fault.status, { "content-type": fault.contentType }).end(fault.body);
      return;
    }
    if (fault?.kind === "slow") await new Promise((resolve) => setTimeout(resolve, fault.ms));
    const counted = method !== "GET" && method !== "HEAD" && this.#options.uncounted?.(method, path) !== true;
    const held = this.#hold;
    if (counted && held?.left === 0) {
      incoming.socket.destroy();
      return;
    }
    const { host, connection: _connection, "transfer-encoding": _encoding, ...headers } = incoming.headers;
    // A call that counts is carried out even where the caller has gone: that is the point.
    const { target } = this.#options;
    const answer = await request(`${typeof target === "string" ? target : await target(host ?? "")}${path}`, {
      method: method as Dispatcher.HttpMethod,
      headers,
      ...(body.length === 0 ? {} : { body }),
      ...(this.#options.dispatcher === undefined ? {} : { dispatcher: this.#options.dispatcher }),
      ...(counted ? {} : { signal }),
      bodyTimeout: 0,
      headersTimeout: 0,
    });
    if (counted) {
      const text = await answer.body.bytes();
      const write = { method, path, status: answer.statusCode };
      this.writes.push(write);
      this.#written += 1;
      if (held !== undefined && held.left > 0 && held.which(write)) {
        held.left -= 1;
        if (held.left === 0) {
          held.reached(write);
          incoming.socket.destroy();
          return;
        }
      }
      outgoing.writeHead(answer.statusCode, withoutLength(answer.headers)).end(text);
      return;
    }
    outgoing.writeHead(answer.statusCode, withoutLength(answer.headers));
    // A watch in which nothing happens yet is open all the same.
    outgoing.flushHeaders();
    for await (const chunk of answer.body as AsyncIterable<Buffer>) outgoing.write(chunk);
    outgoing.end();
  }
}

async function readAll(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function withoutLength(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !["content-length", "connection", "transfer-encoding", "keep-alive"].includes(name))
      kept[name] = value;
  }
  return kept;
}
