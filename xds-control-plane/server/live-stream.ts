import { type ServerDuplexStream, status } from "@grpc/grpc-js";
import { type Kind, kindOf, kinds, traits } from "../proto/kinds.ts";
import type { ChangedNames, Snapshot } from "../snapshot/snapshot.ts";
import { excessOf, excessOfNode, excessOfRequest } from "../stream/limits.ts";
import type { DeltaRequest, Node, Response, SotwRequest, Variant } from "../stream/messages.ts";
import {
  adopt,
  flush,
  heartbeat,
  isPending,
  newStream,
  nextDeadline,
  type Ordering,
  receive,
  type StreamState,
} from "../stream/stream.ts";
import { type Client, callerOf, Refusal, type StreamInfo } from "./client.ts";
import type { ResponseEncoder } from "./encode-response.ts";
import type { Observer } from "./observer.ts";
import { resetAfterGrace } from "./reset.ts";
import type { Message } from "./service.ts";

export type Request = SotwRequest | DeltaRequest;
export type Call = ServerDuplexStream<Request, Message>;

/** What a stream needs of the server that it belongs to. */
export interface StreamHost {
  readonly encoder: ResponseEncoder;
  readonly observer: Observer;
  readonly ordering: Ordering;
  /** The group of a client, and the snapshot that its streams have. @throws Refusal */
  join(stream: LiveStream, client: Client): { readonly group: string; readonly snapshot: Snapshot | undefined };
  /** Whether a client may be served still. @throws Refusal */
  review(client: Client): void;
  leave(stream: LiveStream): void;
  /** Asks that `send` be called once the messages that have arrived are read. */
  wake(stream: LiveStream): void;
  /** Asks that `send` be called at a time, milliseconds; the last word counts, undefined takes it back. */
  wakeAt(stream: LiveStream, at: number | undefined): void;
}

/**
 * Responses that are written and not yet taken by the connection, at most. A type is sent nothing more before it was
 * acknowledged, so that more are acknowledged by a client that does not read them.
 */
const mostUnread = 4 * kinds.length;

/** A gRPC stream and the state machine behind it. */
export class LiveStream {
  readonly #host: StreamHost;
  readonly #call: Call;
  /** Of a service for one type; undefined on an aggregated stream. */
  readonly #only: Kind | undefined;
  #state: StreamState;
  #info: StreamInfo | undefined;
  #isOpen = true;

  constructor(host: StreamHost, call: Call, id: string, variant: Variant, only: Kind | undefined) {
    this.#host = host;
    this.#call = call;
    this.#only = only;
    // Across streams of single types there is no order to keep.
    const ordering = only === undefined ? host.ordering : { ...host.ordering, makeBeforeBreak: false };
    this.#state = newStream(variant, id, Date.now(), ordering);
    call.on("data", (request: Request) => this.#receive(request));
    call.on("end", () => this.#finish());
    call.on("error", () => this.#finish());
    call.on("close", () => this.#finish());
    call.on("cancelled", () => this.#finish());
  }

  /** Undefined until the client said who it is and was admitted. */
  get info(): StreamInfo | undefined {
    return this.#info;
  }

  get state(): StreamState {
    return this.#state;
  }

  /** The group was given a snapshot. */
  adopt(snapshot: Snapshot, changed: ChangedNames | undefined): void {
    this.#state = adopt(this.#state, snapshot, changed, Date.now());
    this.send();
  }

  /** Sends what is to be sent now. */
  send(): void {
    if (!this.#isOpen) return;
    const now = Date.now();
    const { state, responses } = flush(this.#state, now);
    this.#write(state, responses);
    // A client that does not read has lost its stream by now, and nothing is due to it any more.
    if (this.#isOpen) this.#host.wakeAt(this, nextDeadline(state, now));
  }

  /** Tells the client that resources with a TTL are still there. */
  beat(): void {
    if (!this.#isOpen) return;
    const { state, responses } = heartbeat(this.#state, Date.now());
    this.#write(state, responses);
  }

  /** Ends the stream where its client may not be served any more. */
  review(): void {
    if (this.#info === undefined || !this.#isOpen) return;
    try {
      this.#host.review(this.#info.client);
    } catch (error) {
      this.#refuseBy(error, this.#info.client);
    }
  }

  /** Ends the stream; the client is told why, and comes again. */
  end(code: status, details: string): void {
    if (!this.#isOpen) return;
    this.#call.emit("error", { code, details });
    this.#finish();
  }

  #write(state: StreamState, responses: readonly Response[]): void {
    this.#state = state;
    for (const response of responses) {
      const message = this.#host.encoder.encode(state.variant, response);
      this.#call.write(message);
      if (this.#info !== undefined) this.#host.observer.sent?.(this.#info, response, message.byteLength);
    }
    if (this.#call.writableLength > mostUnread) {
      this.#refuse(
        status.RESOURCE_EXHAUSTED,
        this.#info?.client ?? {},
        "it acknowledges responses that it does not read",
      );
    }
  }

  #receive(request: Request): void {
    if (!this.#isOpen) return;
    if (this.#info === undefined && !this.#introduce(request.node)) return;
    const kind = this.#kindOf(request.typeUrl);
    if (kind === undefined) {
      if (this.#info !== undefined) this.#host.observer.unknownType?.(this.#info, request.typeUrl);
      return;
    }
    const tooMuch = excessOfRequest(request);
    if (tooMuch !== undefined) {
      this.#refuse(status.RESOURCE_EXHAUSTED, this.#info?.client ?? {}, tooMuch);
      return;
    }
    const before = this.#state.types[kind];
    this.#state = receive(this.#state, kind, request, Date.now());
    this.#report(kind, before?.inFlight);
    const excess = excessOf(this.#state, kind);
    if (excess !== undefined) this.#refuse(status.RESOURCE_EXHAUSTED, this.#info?.client ?? {}, excess);
    else if (isPending(this.#state)) this.#host.wake(this);
    else this.#host.wakeAt(this, undefined);
  }

  /** The first message says who the client is. */
  #introduce(node: Node | undefined): boolean {
    const caller = callerOf(this.#call);
    if (node === undefined || node.id === "") {
      this.#refuse(status.INVALID_ARGUMENT, caller, "the first message of a stream must name its node (node.id)");
      return false;
    }
    const excess = excessOfNode(node);
    if (excess !== undefined) {
      this.#refuse(status.RESOURCE_EXHAUSTED, caller, excess);
      return false;
    }
    // A copy: what was read is a part of the whole request, and would keep that as long as the stream.
    const kept = { id: node.id, cluster: node.cluster, encoded: Uint8Array.from(node.encoded) };
    const client: Client = { node: kept, ...caller };
    try {
      const { group, snapshot } = this.#host.join(this, client);
      this.#info = { id: this.#state.id, variant: this.#state.variant, client, group };
      if (snapshot !== undefined) this.#state = adopt(this.#state, snapshot, undefined, Date.now());
      this.#host.observer.opened?.(this.#info);
      return true;
    } catch (error) {
      this.#refuseBy(error, client);
      return false;
    }
  }

  #refuseBy(error: unknown, client: Client): void {
    const isRefusal = error instanceof Refusal;
    const details = isRefusal ? error.message : "the control plane cannot say what this node may have";
    this.#refuse(isRefusal ? status.PERMISSION_DENIED : status.INTERNAL, client, details);
  }

  #refuse(code: status, client: Partial<Client>, reason: string): void {
    this.#host.observer.refused?.(client, reason);
    this.end(code, reason);
  }

  /** On a stream of one type the type may be left out; another is an error of the client's, and passed over. */
  #kindOf(typeUrl: string): Kind | undefined {
    const kind = typeUrl === "" ? this.#only : kindOf(typeUrl);
    if (kind === undefined || (this.#only !== undefined && kind !== this.#only)) return undefined;
    return this.#state.variant === "sotw" && traits[kind].sotwMethod === undefined ? undefined : kind;
  }

  /** Tells the observer how the client answered what was in flight. */
  #report(kind: Kind, before: { readonly response: Response; readonly at: number } | undefined): void {
    const after = this.#state.types[kind];
    if (before === undefined || after?.inFlight !== undefined || this.#info === undefined) return;
    const { observer } = this.#host;
    const rejection = after?.rejections.at(-1);
    if (rejection?.nonce === before.response.nonce) observer.rejected?.(this.#info, before.response, rejection);
    else observer.acknowledged?.(this.#info, before.response, Date.now() - before.at, rejection);
  }

  #finish(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#host.wakeAt(this, undefined);
    this.#host.leave(this);
    if (this.#info !== undefined) this.#host.observer.closed?.(this.#info);
    this.#call.end();
    resetAfterGrace(this.#call);
  }
}
