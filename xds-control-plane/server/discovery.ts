import { status } from "@grpc/grpc-js";
import { type Kind, kinds, traits } from "../proto/kinds.ts";
import { SnapshotStore } from "../snapshot/store.ts";
import type { Variant } from "../stream/messages.ts";
import { defaultOrdering, type Ordering } from "../stream/stream.ts";
import type { Admit } from "./client.ts";
import { type Decoder, decodeDelta, decodeSotw } from "./decode-request.ts";
import { ResponseEncoder } from "./encode-response.ts";
import { type Debounce, defaultDebounce, Group } from "./group.ts";
import { type Call, LiveStream, type Request, type StreamHost } from "./live-stream.ts";
import type { Observer } from "./observer.ts";
import { type Method, streaming } from "./service.ts";

export interface DiscoveryOptions {
  /** Says which control plane this is, in each response. */
  readonly identifier: string;
  readonly admit: Admit;
  readonly observer?: Observer;
  readonly ordering?: Partial<Ordering>;
  readonly debounce?: Partial<Debounce>;
}

/** How often streams that wait for a slow client are looked at, milliseconds. */
const lookAgainMs = 250;

/** A TTL is renewed so many times before it is over. */
const beatsPerTtl = 3;

/** The discovery services over a store of snapshots: aggregated and of each type, in both variants. */
export class Discovery {
  readonly snapshots = new SnapshotStore();
  readonly #options: DiscoveryOptions;
  readonly #host: StreamHost;
  readonly #groups = new Map<string, Group>();
  readonly #streams = new Set<LiveStream>();
  readonly #awake = new Set<LiveStream>();
  readonly #deadlines = new Map<LiveStream, number>();
  readonly #unsubscribe: () => void;
  #wakeUp: NodeJS.Immediate | undefined;
  #lookAgain: NodeJS.Timeout | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  #heartbeatMs = Number.POSITIVE_INFINITY;
  #opened = 0;
  #isClosed = false;

  constructor(options: DiscoveryOptions) {
    this.#options = options;
    this.#host = {
      encoder: new ResponseEncoder(options.identifier),
      observer: options.observer ?? {},
      ordering: { ...defaultOrdering, ...options.ordering },
      join: (stream, client) => {
        const group = options.admit(client);
        const { streams, delivered } = this.#group(group);
        streams.add(stream);
        return { group, snapshot: delivered };
      },
      review: (client) => void options.admit(client),
      leave: (stream) => this.#leave(stream),
      wake: (stream) => this.#wake(stream),
      wakeAt: (stream, at) => this.#wakeAt(stream, at),
    };
    this.#unsubscribe = this.snapshots.onChange(({ group, snapshot, changed }) => {
      this.#beat(snapshot.shortestTtlMs());
      this.#group(group).offer(snapshot, changed);
    });
  }

  /** Every open stream whose client was admitted. */
  *streams(): IterableIterator<LiveStream> {
    for (const stream of this.#streams) if (stream.info !== undefined) yield stream;
  }

  /** Asks about every open stream again whether its client is admitted, and ends those that are not. */
  review(): void {
    for (const stream of [...this.#streams]) stream.review();
  }

  /** The methods to serve, by service. */
  methods(): ReadonlyMap<string, readonly Method[]> {
    const all = new Map<string, readonly Method[]>();
    all.set("envoy.service.discovery.v3.AggregatedDiscoveryService", [
      this.#method("StreamAggregatedResources", "sotw", undefined),
      this.#method("DeltaAggregatedResources", "delta", undefined),
    ]);
    for (const kind of kinds) {
      const { service, deltaMethod, sotwMethod } = traits[kind];
      const methods = [this.#method(deltaMethod, "delta", kind)];
      if (sotwMethod !== undefined) methods.push(this.#method(sotwMethod, "sotw", kind));
      all.set(service, methods);
    }
    return all;
  }

  /** Ends every stream with UNAVAILABLE, so that clients go to another replica, and takes no more. */
  close(): void {
    this.#isClosed = true;
    this.#unsubscribe();
    for (const group of this.#groups.values()) group.close();
    for (const stream of this.#streams) stream.end(status.UNAVAILABLE, "the control plane is shutting down");
    clearInterval(this.#lookAgain);
    clearInterval(this.#heartbeat);
    clearImmediate(this.#wakeUp);
  }

  #method(name: string, variant: Variant, only: Kind | undefined): Method {
    const decode: Decoder<Request> = variant === "delta" ? decodeDelta : decodeSotw;
    return streaming(name, decode, (call) => this.#accept(call, variant, only));
  }

  #accept(call: Call, variant: Variant, only: Kind | undefined): void {
    this.#opened += 1;
    const stream = new LiveStream(this.#host, call, this.#opened.toString(36), variant, only);
    this.#streams.add(stream);
    if (this.#isClosed) stream.end(status.UNAVAILABLE, "the control plane is shutting down");
  }

  #group(name: string): Group {
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = new Group({ ...defaultDebounce, ...this.#options.debounce }, (changed, streams, afterMs) =>
        this.#options.observer?.pushed?.(name, changed, streams, afterMs),
      );
      this.#groups.set(name, group);
    }
    return group;
  }

  #leave(stream: LiveStream): void {
    this.#streams.delete(stream);
    this.#awake.delete(stream);
    for (const [name, group] of this.#groups) {
      if (group.streams.delete(stream) && group.streams.size === 0 && this.snapshots.current(name) === undefined) {
        this.#groups.delete(name);
      }
    }
  }

  /** Messages that arrived together are read before the first is answered: Envoy asks for endpoints one by one. */
  #wake(stream: LiveStream): void {
    this.#awake.add(stream);
    this.#wakeUp ??= setImmediate(() => {
      this.#wakeUp = undefined;
      const awake = [...this.#awake];
      this.#awake.clear();
      for (const each of awake) each.send();
    });
  }

  #wakeAt(stream: LiveStream, at: number | undefined): void {
    if (at === undefined) this.#deadlines.delete(stream);
    else this.#deadlines.set(stream, at);
    if (this.#deadlines.size === 0 || this.#lookAgain !== undefined || this.#isClosed) return;
    this.#lookAgain = setInterval(() => {
      const now = Date.now();
      const due = [...this.#deadlines].filter(([, deadline]) => deadline <= now);
      for (const [each] of due) each.send();
      if (this.#deadlines.size > 0) return;
      clearInterval(this.#lookAgain);
      this.#lookAgain = undefined;
    }, lookAgainMs);
  }

  /** Renews TTLs, as often as the shortest that was ever served needs it. */
  #beat(ttlMs: number | undefined): void {
    if (ttlMs === undefined || ttlMs / beatsPerTtl >= this.#heartbeatMs) return;
    this.#heartbeatMs = ttlMs / beatsPerTtl;
    clearInterval(this.#heartbeat);
    this.#heartbeat = setInterval(() => {
      for (const stream of this.#streams) stream.beat();
    }, this.#heartbeatMs);
  }
}
