/** Lets somebody wait for the next change of one thing among many, by its key. */
export class Changes {
  readonly #waiting = new Map<string, Set<() => void>>();

  tell(key: string): void {
    for (const wake of this.#waiting.get(key) ?? []) wake();
    this.#waiting.delete(key);
  }

  /** Resolves with the next change from now on, or when the signal ends the wait. */
  next(key: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const here = this.#waiting.get(key) ?? new Set();
      const wake = (): void => {
        signal.removeEventListener("abort", wake);
        here.delete(wake);
        if (here.size === 0 && this.#waiting.get(key) === here) this.#waiting.delete(key);
        resolve();
      };
      if (signal.aborted) {
        resolve();
        return;
      }
      this.#waiting.set(key, here.add(wake));
      signal.addEventListener("abort", wake, { once: true });
    });
  }
}
