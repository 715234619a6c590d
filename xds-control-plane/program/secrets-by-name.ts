import { isObjectName, type KubeObject } from "#runtime/api/object.ts";
import { isApiError } from "#runtime/client/errors.ts";
import type { Transport } from "#runtime/client/transport.ts";
import { reflect } from "#runtime/watch/reflector.ts";
import { secrets, type TlsSecret } from "../cluster-view/kinds.ts";

interface Reading {
  /** Undefined until there was an answer; an error is one. */
  state: "readable" | "forbidden" | "failed" | undefined;
  secret: TlsSecret | undefined;
  readonly stop: AbortController;
  done: Promise<void>;
}

export interface SecretsByNameOptions {
  /** Called after each change, and when it becomes known that one may not, or cannot, be read. */
  readonly onChange: () => void;
  /** Called when one is not read, or not any more; for the same reason once, until it is read again. */
  readonly onFailure: (name: string, error: Error) => void;
  /** How long what was read is used on while it may not be read any more, milliseconds; five minutes if not said. */
  readonly keptMs?: number;
}

/** One that is refused is asked for more and more seldom, at last at about this interval, milliseconds. */
const mostBackoffMs = 120_000;

/**
 * Core Secrets that are watched one by one, where a namespace as a whole may not be read: a Role with `resourceNames` lets a
 * certificate be read beside what is nobody's business. One that may not be read either is asked for again and again.
 */
export class SecretsByName {
  readonly #transport: Transport;
  readonly #options: SecretsByNameOptions;
  readonly #readings = new Map<string, Reading>();

  constructor(transport: Transport, options: SecretsByNameOptions) {
    this.#transport = transport;
    this.#options = options;
  }

  /** Watches exactly these from now on, each `namespace/name`. Gives those of which something is known. */
  want(names: ReadonlySet<string>): ReadonlyMap<string, Known> {
    for (const [name, { stop }] of this.#readings) {
      if (names.has(name)) continue;
      stop.abort();
      this.#readings.delete(name);
    }
    for (const name of names) if (!this.#readings.has(name)) this.#open(name, undefined);
    return new Map(
      [...this.#readings].flatMap(([name, { state, secret }]) =>
        state === undefined ? [] : [[name, { state, secret }]],
      ),
    );
  }

  /** Ends all watches. */
  async close(): Promise<void> {
    const open = [...this.#readings.values()];
    this.#readings.clear();
    for (const { stop } of open) stop.abort();
    await Promise.all(open.map(({ done }) => done));
  }

  #open(key: string, state: Reading["state"]): void {
    const slash = key.indexOf("/");
    const [namespace, name] = [key.slice(0, slash), key.slice(slash + 1)];
    const reading: Reading = { state, secret: undefined, stop: new AbortController(), done: Promise.resolve() };
    this.#readings.set(key, reading);
    // A field selector has a syntax of its own: what is no name would ask for something else, or for nothing.
    if (isObjectName(name)) reading.done = this.#follow(key, namespace, name, reading);
    else reading.state = "failed";
  }

  #follow(key: string, namespace: string, name: string, reading: Reading): Promise<void> {
    const { onChange, onFailure, keptMs = 300_000 } = this.#options;
    const { signal } = reading.stop;
    let wasRead = false;
    let said: string | undefined;
    let end: NodeJS.Timeout | undefined;
    signal.addEventListener("abort", () => clearTimeout(end), { once: true });

    const see = (state: Reading["state"], secret: TlsSecret | undefined): void => {
      if (signal.aborted) return;
      [reading.state, reading.secret] = [state, secret];
      onChange();
    };
    const answered = (): void => {
      said = undefined;
      clearTimeout(end);
      end = undefined;
    };
    const found = (secret: TlsSecret | undefined): void => {
      wasRead = true;
      answered();
      see("readable", secret);
    };
    const failed = (error: Error): void => {
      const isRefused = isApiError(error, "Forbidden");
      const why = isApiError(error) ? error.reason : error.name;
      if (why !== said) onFailure(key, error);
      said = why;
      if (reading.secret !== undefined) {
        // What was read is used on: a Role that is changed may be away for a moment. After that the right is taken back.
        if (isRefused) end ??= setTimeout(letGo, keptMs);
        return;
      }
      if (isRefused && reading.state !== "forbidden") see("forbidden", undefined);
      else if (reading.state === undefined) see("failed", undefined);
    };
    const letGo = (): void => {
      reading.stop.abort();
      // Anew: a watch that went on from where it was would not bring again what is let go.
      this.#open(key, "forbidden");
      onChange();
    };
    return reflect(
      this.#transport,
      {
        ...{ resource: secrets, namespace, fieldSelector: `metadata.name=${name}`, mostBackoffMs },
        sink: {
          replace: ([first]: readonly KubeObject[]) => found(first),
          upsert: (object: KubeObject) => found(object),
          remove: () => found(undefined),
        },
        onError: failed,
        onAlive: () => {
          answered();
          // A watch that goes on from where it was brings no object where nothing changed meanwhile.
          if (wasRead && reading.state !== "readable") see("readable", reading.secret);
        },
      },
      signal,
    );
  }
}

/** What is known of a Secret: whether it may be read, and what it is if it is there. */
export interface Known {
  readonly state: NonNullable<Reading["state"]>;
  readonly secret: TlsSecret | undefined;
}
