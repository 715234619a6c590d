import type { KubeObject } from "#runtime/api/object.ts";
import { isApiError } from "#runtime/client/errors.ts";
import type { Transport } from "#runtime/client/transport.ts";
import { reflect } from "#runtime/watch/reflector.ts";
import { secrets, type TlsSecret } from "../cluster-view/kinds.ts";

interface Reading {
  /** Undefined until the API server has answered. */
  state: "readable" | "forbidden" | undefined;
  secret: TlsSecret | undefined;
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

/**
 * Core Secrets that are watched one by one, where a namespace as a whole may not be read: a Role with `resourceNames` lets a
 * certificate be read beside what is nobody's business. One that may not be read either is asked for again and again.
 */
export class SecretsByName {
  readonly #transport: Transport;
  readonly #onChange: () => void;
  readonly #readings = new Map<string, Reading>();

  /** @param onChange called after each change, and when it becomes known that one may not be read */
  constructor(transport: Transport, onChange: () => void) {
    this.#transport = transport;
    this.#onChange = onChange;
  }

  /** Watches exactly these from now on, each `namespace/name`. Gives those of which something is known. */
  want(names: ReadonlySet<string>): ReadonlyMap<string, Pick<Reading, "state" | "secret">> {
    for (const [name, { stop }] of this.#readings) {
      if (names.has(name)) continue;
      stop.abort();
      this.#readings.delete(name);
    }
    for (const name of names) if (!this.#readings.has(name)) this.#open(name);
    return new Map([...this.#readings].filter(([, { state }]) => state !== undefined));
  }

  /** Ends all watches. */
  async close(): Promise<void> {
    const open = [...this.#readings.values()];
    this.#readings.clear();
    for (const { stop } of open) stop.abort();
    await Promise.all(open.map(({ done }) => done));
  }

  #open(key: string): void {
    const [namespace = "", name = ""] = key.split("/");
    const stop = new AbortController();
    const see = (state: Reading["state"], secret: TlsSecret | undefined): void => {
      if (stop.signal.aborted) return;
      reading.state = state;
      reading.secret = secret;
      this.#onChange();
    };
    const reading: Reading = {
      ...{ state: undefined, secret: undefined, stop },
      done: reflect(
        this.#transport,
        {
          ...{ resource: secrets, namespace, fieldSelector: `metadata.name=${name}` },
          sink: {
            replace: ([found]: readonly KubeObject[]) => see("readable", found),
            upsert: (found: KubeObject) => see("readable", found),
            remove: () => see("readable", undefined),
          },
          onError: (error) => {
            // What was read is used on: a Role that is changed may be away for a moment.
            if (isApiError(error, "Forbidden") && reading.secret === undefined && reading.state !== "forbidden")
              see("forbidden", undefined);
          },
          onAlive: () => {},
        },
        stop.signal,
      ),
    };
    this.#readings.set(key, reading);
  }
}
