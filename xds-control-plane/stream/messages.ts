import type { Kind } from "../proto/kinds.ts";
import type { Resource } from "../snapshot/resource.ts";
import type { KindView } from "../snapshot/snapshot.ts";

/** The two forms of the protocol: whole lists of names and resources, or what changes of them. */
export type Variant = "sotw" | "delta";

/** Why a client rejected a response (google.rpc.Status). */
export interface ErrorDetail {
  readonly code: number;
  readonly message: string;
}

/** What a client says about itself; on the first message of a stream. */
export interface Node {
  readonly id: string;
  readonly cluster: string;
  /** The whole envoy.config.core.v3.Node as it came. */
  readonly encoded: Uint8Array;
}

interface AnyRequest {
  readonly node: Node | undefined;
  readonly typeUrl: string;
  readonly nonce: string;
  /** How large the request was without its node, bytes. */
  readonly bytes: number;
  /** Present in a NACK, and in nothing else. */
  readonly error: ErrorDetail | undefined;
}

export interface SotwRequest extends AnyRequest {
  readonly versionInfo: string;
  /** All names that the client is interested in. */
  readonly names: readonly string[];
}

export interface DeltaRequest extends AnyRequest {
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  /** What the client has from an earlier stream: version by name. */
  readonly initialVersions: ReadonlyMap<string, string>;
}

/** What is to be sent. Its bytes are made by encode-response.ts. */
export interface Response {
  readonly kind: Kind;
  readonly nonce: string;
  /** The version of the whole type that it brings the client to. */
  readonly view: KindView;
  readonly resources: readonly Resource[];
  /** Delta only: names that are gone, or that never were. */
  readonly removed: readonly string[];
  /** Delta only: hosts that were asked for on demand and that nobody knows. */
  readonly unresolved: readonly string[];
  /** Resources whose TTL begins anew; they go without content. */
  readonly heartbeats: readonly Resource[];
}
