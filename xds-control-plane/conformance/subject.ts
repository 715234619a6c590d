import type { Client } from "@grpc/grpc-js";
import type { Kind } from "../proto/kinds.ts";
import type { Resource } from "../snapshot/resource.ts";
import type { Variant } from "../stream/messages.ts";
import { connect, type RawResponse, RawStream } from "./raw-client.ts";

/** A control plane under test. */
export interface Subject {
  readonly port: number;
  /** Serves these resources and nothing else from now on, to every node. */
  serve(resources: readonly Resource[]): Promise<void>;
  close(): Promise<void>;
}

/** One type as a client asks for it, the same way in both variants. */
export class Subscription {
  readonly stream: RawStream;
  readonly #kind: Kind;
  readonly #names = new Set<string>();
  #last: RawResponse | undefined;
  /** State-of-the-World: the version that was accepted last; a rejection says that it still stands. */
  #accepted = "";
  #isFirst = true;

  constructor(stream: RawStream, kind: Kind) {
    this.stream = stream;
    this.#kind = kind;
  }

  /** Subscribes, and sends the message that says so; without names everything where it is the first. */
  subscribe(names: readonly string[], more: Readonly<Record<string, unknown>> = {}): void {
    for (const name of names) this.#names.add(name);
    this.#send({ resourceNamesSubscribe: names }, more);
  }

  unsubscribe(names: readonly string[]): void {
    for (const name of names) this.#names.delete(name);
    this.#send({ resourceNamesUnsubscribe: names }, {});
  }

  /** The next response of the stream, which must be of this type. */
  async next(): Promise<RawResponse> {
    const response = await this.stream.next();
    if (response.kind !== this.#kind) {
      throw new Error(`expected a response for ${this.#kind}, got ${response.kind}: ${response.names.join(", ")}`);
    }
    this.#last = response;
    return response;
  }

  /** The next response, accepted. */
  async accept(): Promise<RawResponse> {
    const response = await this.next();
    this.acknowledge(response);
    return response;
  }

  acknowledge(response: RawResponse): void {
    this.#last = response;
    this.#accepted = response.version;
    this.stream.answer(response, this.stream.variant === "sotw" ? { resourceNames: [...this.#names] } : {});
  }

  reject(response: RawResponse, message: string, subscribe: readonly string[] = []): void {
    this.#last = response;
    for (const name of subscribe) this.#names.add(name);
    const more =
      this.stream.variant === "sotw"
        ? { resourceNames: [...this.#names], versionInfo: this.#accepted }
        : { resourceNamesSubscribe: subscribe };
    this.stream.answer(response, more, message);
  }

  #send(delta: Readonly<Record<string, unknown>>, more: Readonly<Record<string, unknown>>): void {
    const node = this.#isFirst ? { node: { id: "node-of-test", cluster: "test" } } : {};
    this.#isFirst = false;
    const body =
      this.stream.variant === "delta"
        ? delta
        : {
            resourceNames: [...this.#names],
            ...(this.#last === undefined ? {} : { responseNonce: this.#last.nonce, versionInfo: this.#last.version }),
          };
    this.stream.send(this.#kind, { ...node, ...body, ...more });
  }
}

/** What a case works with: a subject, a variant, and whether types share a stream. */
export class Session {
  readonly subject: Subject;
  readonly variant: Variant;
  readonly isAggregated: boolean;
  readonly #client: Client;
  readonly #streams: RawStream[] = [];
  #shared: RawStream | undefined;

  constructor(subject: Subject, variant: Variant, isAggregated: boolean) {
    this.subject = subject;
    this.variant = variant;
    this.isAggregated = isAggregated;
    this.#client = connect(subject.port);
  }

  serve(...resources: readonly Resource[]): Promise<void> {
    return this.subject.serve(resources);
  }

  /** A subscription on the session's aggregated stream, or on a stream of its own. */
  of(kind: Kind): Subscription {
    return new Subscription(this.#stream(kind), kind);
  }

  /** The session's streams are cut; what is asked for afterwards is on new ones. */
  reconnect(): void {
    for (const stream of this.#streams.splice(0)) stream.close();
    this.#shared = undefined;
  }

  close(): void {
    this.reconnect();
    this.#client.close();
  }

  #stream(kind: Kind): RawStream {
    if (this.isAggregated && this.#shared !== undefined) return this.#shared;
    const stream = RawStream.open(this.#client, this.variant, this.isAggregated ? undefined : kind);
    this.#streams.push(stream);
    if (this.isAggregated) this.#shared = stream;
    return stream;
  }
}
