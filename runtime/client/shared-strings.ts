/** Longer texts seldom repeat. */
const LONGEST = 64;
/** So many texts are known at once; then the pool begins anew, so that it keeps nothing alive for ever. */
const MOST = 4_096;
/**
 * Under these no text is shared: names and ids are each object's own, and the data of a Secret must not outlive it in a
 * pool (ConfigMaps' is left out with it).
 */
const OWN: ReadonlySet<string> = new Set(["name", "uid", "resourceVersion", "data", "stringData", "binaryData"]);

/**
 * Gives equal short texts of many objects one place in memory. JSON.parse makes a string for each "True", each
 * "Success", each second of a transition; of an object with three conditions that is a third of what it takes
 * (docs/bench-runtime.md). What an object says does not change.
 */
export class SharedStrings {
  #pool = new Map<string, string>();

  get size(): number {
    return this.#pool.size;
  }

  has(text: string): boolean {
    return this.#pool.has(text);
  }

  /** Changes the texts of what JSON.parse gave, in place, for equal ones that others have. */
  share(value: unknown): void {
    if (Array.isArray(value)) {
      for (let at = 0; at < value.length; at += 1) {
        const item: unknown = value[at];
        if (typeof item === "string") value[at] = this.#shared(item);
        else this.share(item);
      }
      return;
    }
    if (typeof value !== "object" || value === null) return;
    const record = value as Record<string, unknown>;
    for (const key of Object.keys(record)) {
      if (OWN.has(key)) continue;
      const item = record[key];
      if (typeof item === "string") record[key] = this.#shared(item);
      else this.share(item);
    }
  }

  #shared(text: string): string {
    if (text.length > LONGEST) return text;
    const known = this.#pool.get(text);
    if (known !== undefined) return known;
    if (this.#pool.size >= MOST) this.#pool = new Map();
    this.#pool.set(text, text);
    return text;
  }
}
