import { type Kind, kinds, traits } from "../proto/kinds.ts";
import { field } from "../proto/wire.ts";
import { heartbeat, type Resource, unresolvedHost } from "../snapshot/resource.ts";
import type { KindView } from "../snapshot/snapshot.ts";
import type { Response, Variant } from "../stream/messages.ts";
import { JoinedBytes } from "./joined-bytes.ts";

/** Field numbers of DiscoveryResponse and DeltaDiscoveryResponse. */
const sotw = { version: 1, typeUrl: 4, nonce: 5, controlPlane: 6 } as const;
const delta = { version: 1, typeUrl: 4, nonce: 5, removed: 6, controlPlane: 7 } as const;

/** How many bodies of several resources are kept to be sent to the next stream too. */
const keptBodies = 16;

interface Body {
  readonly variant: Variant;
  readonly resources: readonly Resource[];
  readonly bytes: Buffer;
}

/**
 * Responses as bytes. A resource is encoded once, when it is made; what a thousand streams are sent alike is joined once.
 * Only the nonce is a stream's own.
 */
export class ResponseEncoder {
  readonly #tails: Readonly<Record<Variant, ReadonlyMap<Kind, Buffer>>>;
  readonly #frames = { sotw: new WeakMap<KindView, Buffer>(), delta: new WeakMap<KindView, Buffer>() };
  readonly #bodies: Body[] = [];

  /** `identifier` tells clients which control plane answers them. */
  constructor(identifier: string) {
    const tail = (numbers: typeof sotw | typeof delta, kind: Kind): Buffer =>
      Buffer.concat([field(numbers.typeUrl, traits[kind].typeUrl), field(numbers.controlPlane, field(1, identifier))]);
    this.#tails = {
      sotw: new Map(kinds.map((kind) => [kind, tail(sotw, kind)])),
      delta: new Map(kinds.map((kind) => [kind, tail(delta, kind)])),
    };
  }

  encode(variant: Variant, response: Response): JoinedBytes {
    const { kind, nonce, view, resources, removed, unresolved, heartbeats } = response;
    const parts = [this.#frame(variant, kind, view), this.#body(variant, resources)];
    if (heartbeats.length > 0) parts.push(...heartbeats.map((each) => heartbeat(each, variant)));
    if (unresolved.length > 0) parts.push(...unresolved.map(unresolvedHost));
    if (removed.length > 0) parts.push(...removed.map((name) => field(delta.removed, name)));
    parts.push(field(sotw.nonce, nonce));
    return new JoinedBytes(parts);
  }

  /** What all responses that bring a type to this version have. */
  #frame(variant: Variant, kind: Kind, view: KindView): Buffer {
    const frames = this.#frames[variant];
    let bytes = frames.get(view);
    if (bytes === undefined) {
      bytes = Buffer.concat([field(sotw.version, view.version), this.#tails[variant].get(kind) ?? Buffer.alloc(0)]);
      frames.set(view, bytes);
    }
    return bytes;
  }

  #body(variant: Variant, resources: readonly Resource[]): Buffer {
    const [only] = resources;
    if (only === undefined) return Buffer.alloc(0);
    if (resources.length === 1) return only[variant];
    const same = this.#bodies.find((body) => body.variant === variant && areSame(body.resources, resources));
    if (same !== undefined) return same.bytes;
    const bytes = Buffer.concat(resources.map((each) => each[variant]));
    this.#bodies.unshift({ variant, resources, bytes });
    this.#bodies.length = Math.min(this.#bodies.length, keptBodies);
    return bytes;
  }
}

function areSame(some: readonly Resource[], others: readonly Resource[]): boolean {
  if (some === others) return true;
  return some.length === others.length && some.every((each, index) => each === others[index]);
}
