import type { Kind } from "../proto/kinds.ts";
import type { StreamInfo } from "../server/client.ts";

/** What proxies of ours rejected, and have not taken since. Each replica knows of its own streams. */
export class Rejections {
  /** By class of proxies, and in it by stream and kind of resource. */
  readonly #texts = new Map<string, Map<string, string>>();
  /** Who hears them. */
  readonly replica: string;

  constructor(replica: string) {
    this.replica = replica;
  }

  rejected({ group, id }: StreamInfo, kind: Kind, text: string): void {
    const of = this.#texts.get(group) ?? new Map<string, string>();
    this.#texts.set(group, of.set(`${id} ${kind}`, text));
  }

  /**
   * Says whether something became another by it.
   *
   * @param standing why something of the kind is rejected all the same
   */
  acknowledged(stream: StreamInfo, kind: Kind, standing: string | undefined): boolean {
    const key = `${stream.id} ${kind}`;
    if (standing === undefined) return this.#forget(stream.group, (each) => each === key);
    if (this.#texts.get(stream.group)?.get(key) === standing) return false;
    this.rejected(stream, kind, standing);
    return true;
  }

  /** Says whether something was forgotten by it. */
  closed({ group, id }: StreamInfo): boolean {
    return this.#forget(group, (key) => key.startsWith(`${id} `));
  }

  /** What a class's proxies reject now; undefined where that is nothing. */
  of(group: string): string | undefined {
    return this.#texts.get(group)?.values().next().value;
  }

  #forget(group: string, fits: (key: string) => boolean): boolean {
    const of = this.#texts.get(group);
    const gone = [...(of?.keys() ?? [])].filter(fits);
    for (const key of gone) of?.delete(key);
    if (of?.size === 0) this.#texts.delete(group);
    return gone.length > 0;
  }
}
