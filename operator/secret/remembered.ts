import { USER_MAX_AGE_MS } from "./periods.ts";

/** Answers that are believed for a while. That something is not there is never kept: it is being waited for. */
export class Remembered<T> {
  readonly #clock: () => Date;
  readonly #kept = new Map<string, { readonly value: T; readonly at: number }>();

  constructor(clock: () => Date) {
    this.#clock = clock;
  }

  async get(key: string, ask: () => Promise<T | undefined>): Promise<T | undefined> {
    const now = this.#clock().getTime();
    const known = this.#kept.get(key);
    if (known !== undefined && now - known.at < USER_MAX_AGE_MS) return known.value;
    this.#kept.delete(key);
    const value = await ask();
    if (value === undefined) return undefined;
    for (const [other, { at }] of this.#kept) if (now - at >= USER_MAX_AGE_MS) this.#kept.delete(other);
    this.#kept.set(key, { value, at: now });
    return value;
  }
}
