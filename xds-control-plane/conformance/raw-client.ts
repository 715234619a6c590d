import { Client, type ClientDuplexStream, credentials } from "@grpc/grpc-js";
import { messageType } from "../proto/descriptors.ts";
import { type Kind, kindOf, traits } from "../proto/kinds.ts";
import { textOf } from "../proto/visit.ts";
import type { Variant } from "../stream/messages.ts";

/** A resource in a response, as a test looks at it. */
export interface Received {
  readonly name: string;
  /** Delta, and State-of-the-World with a TTL. */
  readonly version: string;
  /** False for a heartbeat. */
  readonly hasContent: boolean;
  readonly ttl: number | undefined;
  /** The message as an object; undefined for a heartbeat. */
  readonly message: Readonly<Record<string, unknown>> | undefined;
}

export interface RawResponse {
  readonly kind: Kind;
  readonly version: string;
  readonly nonce: string;
  readonly identifier: string;
  readonly names: readonly string[];
  readonly resources: readonly Received[];
  readonly removed: readonly string[];
}

/** How long a response may take on a busy machine, milliseconds. */
const patienceMs = 10_000;

type Wire = Readonly<Record<string, unknown>>;
interface WireResource {
  readonly name?: string;
  readonly version?: string;
  readonly ttl?: { readonly seconds?: number; readonly nanos?: number };
  readonly resource?: WireAny;
}
interface WireAny {
  readonly typeUrl: string;
  readonly value?: Uint8Array;
}

/** A stream at the level of messages: it answers nothing by itself. */
export class RawStream {
  readonly variant: Variant;
  readonly #call: ClientDuplexStream<Wire, RawResponse>;
  readonly #arrived: RawResponse[] = [];
  #waiting: (() => void) | undefined;
  #ended: Error | undefined;

  private constructor(variant: Variant, call: ClientDuplexStream<Wire, RawResponse>) {
    this.variant = variant;
    this.#call = call;
    call.on("data", (response: RawResponse) => {
      this.#arrived.push(response);
      this.#waiting?.();
    });
    call.on("error", (error) => {
      this.#ended = error;
      this.#waiting?.();
    });
    call.on("end", () => {
      this.#ended ??= new Error("the server ended the stream");
      this.#waiting?.();
    });
  }

  /** An aggregated stream, or with a kind one of that kind's own service. */
  static open(client: Client, variant: Variant, only?: Kind): RawStream {
    const prefix = variant === "delta" ? "Delta" : "";
    const request = messageType(`envoy.service.discovery.v3.${prefix}DiscoveryRequest`);
    const path =
      only === undefined
        ? `envoy.service.discovery.v3.AggregatedDiscoveryService/${prefix || "Stream"}AggregatedResources`
        : `${traits[only].service}/${variant === "delta" ? traits[only].deltaMethod : traits[only].sotwMethod}`;
    const call = client.makeBidiStreamRequest<Wire, RawResponse>(
      `/${path}`,
      (message) => Buffer.from(request.encode(message).finish()),
      (bytes) => (variant === "delta" ? decodeDelta(bytes) : decodeSotw(bytes)),
    );
    return new RawStream(variant, call);
  }

  /** Sends a message; `typeUrl` is filled from the kind. */
  send(kind: Kind, message: Wire): void {
    this.#call.write({ typeUrl: traits[kind].typeUrl, ...message });
  }

  /** Answers a response: accepted, or with an error rejected; both may carry more of a request. */
  answer(response: RawResponse, more: Wire = {}, error?: string): void {
    const version = this.variant === "sotw" ? { versionInfo: error === undefined ? response.version : "" } : {};
    const detail = error === undefined ? {} : { errorDetail: { code: 3, message: error } };
    this.send(response.kind, { responseNonce: response.nonce, ...version, ...detail, ...more });
  }

  /** The next response. @throws Error when none comes, or the stream ends. */
  async next(): Promise<RawResponse> {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const response = this.#arrived.shift();
      if (response !== undefined) return response;
      if (this.#ended !== undefined) throw this.#ended;
      const left = deadline - Date.now();
      if (left <= 0) throw new Error("no response came");
      await this.#arrival(left);
    }
  }

  /** Resolves with the error that the server ended the stream with. */
  async end(): Promise<Error> {
    const deadline = Date.now() + patienceMs;
    while (this.#ended === undefined) {
      if (Date.now() > deadline) throw new Error("the server did not end the stream");
      await this.#arrival(deadline - Date.now());
    }
    return this.#ended;
  }

  /** Reads no more, so that what is sent stays with the server. */
  pause(): void {
    this.#call.pause();
  }

  close(): void {
    this.#call.cancel();
  }

  #arrival(atMostMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, atMostMs);
    this.#waiting = () => {
      clearTimeout(timer);
      resolve();
    };
    return promise;
  }
}

/** A connection of its own to a server. */
export function connect(port: number): Client {
  return new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.max_receive_message_length": -1,
  });
}

function decodeDelta(bytes: Buffer): RawResponse {
  const message = decode("DeltaDiscoveryResponse", bytes) as Wire & { resources?: WireResource[] };
  const resources = (message.resources ?? []).map(received);
  return response(message, "systemVersionInfo", resources, (message["removedResources"] ?? []) as string[]);
}

function decodeSotw(bytes: Buffer): RawResponse {
  const message = decode("DiscoveryResponse", bytes) as Wire & { resources?: WireAny[] };
  const resources = (message.resources ?? []).map((any): Received => {
    if (any.typeUrl.endsWith("/envoy.service.discovery.v3.Resource")) {
      return received(decode("Resource", any.value ?? new Uint8Array()) as WireResource);
    }
    return received({ resource: any });
  });
  return response(message, "versionInfo", resources, []);
}

function decode(name: string, bytes: Uint8Array): Wire {
  const type = messageType(`envoy.service.discovery.v3.${name}`);
  return type.toObject(type.decode(bytes), { longs: Number });
}

function response(
  message: Wire,
  version: string,
  resources: readonly Received[],
  removed: readonly string[],
): RawResponse {
  const typeUrl = textOf(message["typeUrl"]);
  const kind = kindOf(typeUrl);
  if (kind === undefined) throw new Error(`a response of the unknown type ${typeUrl}`);
  return {
    kind,
    version: textOf(message[version]),
    nonce: textOf(message["nonce"]),
    identifier: textOf((message["controlPlane"] as Wire | undefined)?.["identifier"]),
    names: resources.map(({ name }) => name).sort(),
    resources,
    removed,
  };
}

function received(wire: WireResource): Received {
  const content = wire.resource;
  const kind = content === undefined ? undefined : kindOf(content.typeUrl);
  const type = kind === undefined ? undefined : messageType(traits[kind].message);
  const message = type?.toObject(type.decode(content?.value ?? new Uint8Array()), { longs: Number });
  const nameField = kind === undefined ? undefined : traits[kind].nameField;
  const own = nameField === undefined ? undefined : message?.[nameField];
  return {
    name: wire.name ?? (typeof own === "string" ? own : ""),
    version: wire.version ?? "",
    hasContent: content !== undefined,
    ttl: wire.ttl === undefined ? undefined : (wire.ttl.seconds ?? 0) + (wire.ttl.nanos ?? 0) / 1e9,
    message,
  };
}
