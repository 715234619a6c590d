import type { Kind } from "../proto/kinds.ts";
import type { Resource } from "../snapshot/resource.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import type { DeltaRequest, Response, SotwRequest, Variant } from "./messages.ts";
import { adopt, flush, newStream, receive, type StreamState } from "./stream.ts";

/**
 * A client for fuzz tests: it keeps what it is sent as the protocol says, and answers when it is told to. `problems` are
 * the breaches of the protocol that it saw.
 */
export class FuzzClient {
  readonly variant: Variant;
  readonly has = new Map<Kind, Map<string, Resource>>();
  readonly problems: string[] = [];
  readonly asked = new Map<Kind, Set<string>>();
  /** Responses that are not answered yet, in the order in which they came. */
  readonly unanswered: Response[] = [];
  state: StreamState;
  now = 0;
  #lastNonce = new Map<Kind, string>();

  constructor(variant: Variant) {
    this.variant = variant;
    this.state = newStream(variant, "s", 0);
  }

  serve(snapshot: Snapshot): void {
    const changed = this.state.snapshot === undefined ? undefined : snapshot.changedSince(this.state.snapshot);
    this.state = adopt(this.state, snapshot, changed, this.now);
    this.flush();
  }

  request(kind: Kind, add: readonly string[], remove: readonly string[], nonce?: string): void {
    let names = this.asked.get(kind);
    if (names === undefined) {
      names = new Set();
      this.asked.set(kind, names);
    }
    const last = this.#lastNonce.get(kind) ?? "";
    // A delta request names a nonce in an answer only; a State-of-the-World request that names the last one is an answer.
    const known = nonce ?? (this.variant === "sotw" ? last : "");
    const isStale = this.variant === "sotw" && known !== last;
    const underway = this.unanswered.findIndex((each) => each.nonce === known);
    if (underway >= 0) for (const response of this.unanswered.splice(underway, 1)) this.apply(response);
    if (!isStale) {
      for (const name of remove) {
        names.delete(name);
        this.has.get(kind)?.delete(name);
      }
      for (const name of add) names.add(name);
    }
    this.state = receive(this.state, kind, this.#message(kind, known, add, remove, undefined), this.now);
    this.flush();
  }

  /** Answers the response that waits longest, or the one with this nonce. */
  answer(error?: string, nonce = this.unanswered[0]?.nonce): void {
    const at = this.unanswered.findIndex((each) => each.nonce === nonce);
    const [response] = at < 0 ? [] : this.unanswered.splice(at, 1);
    if (response === undefined) return;
    if (error === undefined) this.apply(response);
    const detail = error === undefined ? undefined : { code: 3, message: error };
    this.state = receive(
      this.state,
      response.kind,
      this.#message(response.kind, response.nonce, [], [], detail),
      this.now,
    );
    this.flush();
  }

  flush(): void {
    const { state, responses } = flush(this.state, this.now);
    this.state = state;
    for (const response of responses) {
      this.#inspect(response);
      this.#lastNonce.set(response.kind, response.nonce);
      this.unanswered.push(response);
    }
  }

  #inspect(response: Response): void {
    const { kind, resources, removed } = response;
    if (!this.asked.has(kind)) this.problems.push(`${kind} was sent before it was asked for`);
    if (this.unanswered.some((each) => each.kind === kind)) this.problems.push(`two responses of ${kind} are underway`);
    const names = [...resources.map(({ name }) => name), ...removed];
    if (new Set(names).size < names.length) this.problems.push(`a name stands twice in ${names.join(", ")}`);
    if (removed.length > 0 && (kind === "secret" || this.variant === "sotw")) {
      this.problems.push(`${removed.join(", ")} of ${kind} was answered as removed`);
    }
  }

  /** Takes what a response holds. */
  apply({ kind, resources, removed }: Response): void {
    let held = this.has.get(kind);
    if (held === undefined) {
      held = new Map();
      this.has.set(kind, held);
    }
    if (this.variant === "sotw" && (kind === "cluster" || kind === "listener")) held.clear();
    // What it dropped meanwhile a client passes over.
    const isNamed = kind === "endpoint" || kind === "route" || kind === "secret";
    for (const each of resources) if (!isNamed || this.asked.get(kind)?.has(each.name)) held.set(each.name, each);
    for (const name of removed) held.delete(name);
  }

  #message(
    kind: Kind,
    nonce: string,
    subscribe: readonly string[],
    unsubscribe: readonly string[],
    error: { code: number; message: string } | undefined,
  ): DeltaRequest | SotwRequest {
    const common = { node: undefined, typeUrl: "", nonce, bytes: 0, error };
    if (this.variant === "sotw") return { ...common, versionInfo: "", names: [...(this.asked.get(kind) ?? [])] };
    return { ...common, subscribe, unsubscribe, initialVersions: new Map() };
  }
}
