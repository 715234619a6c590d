import type { Kind } from "../proto/kinds.ts";
import { type Json, type Resource, resource } from "../snapshot/resource.ts";

/** A resource and the text that it was made from. */
export interface Made {
  readonly text: string;
  readonly resource: Resource;
}

/**
 * Resources that several classes of proxies are served alike: endpoints of a service, listeners of its callers. Each is encoded
 * once and its bytes are held once, as long as some class has it.
 */
export class ResourcePool {
  readonly #held = new Map<string, WeakRef<Made>>();
  readonly #gone = new FinalizationRegistry<string>((key) => {
    // It may have been made anew meanwhile.
    if (this.#held.get(key)?.deref() === undefined) this.#held.delete(key);
  });

  /** @throws InvalidResource */
  make(kind: Kind, message: Json, text: string): Made {
    const key = `${kind}\0${text}`;
    const known = this.#held.get(key)?.deref();
    if (known !== undefined) return known;
    const made = { text, resource: resource(kind, message) };
    this.#held.set(key, new WeakRef(made));
    this.#gone.register(made, key);
    return made;
  }
}
