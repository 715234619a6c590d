import type { Duplex } from "node:stream";
import type { RemoteConsole } from "#operator/api/generated/remoteconsole.ts";
import { LONGEST_SESSION_MS } from "#operator/console-limits.ts";
import { keyOf, keyText } from "#runtime/api/object.ts";
import { mayStayConnected } from "./admission.ts";

interface Session {
  readonly opened: RemoteConsole;
  readonly client: Duplex;
}

/** The connections that are open, by the objects that let them in. */
export class Sessions {
  /** A RemoteConsole that is deleted and made anew can have one of each. */
  readonly #open = new Map<string, Set<Session>>();

  get size(): number {
    let all = 0;
    for (const sessions of this.#open.values()) all += sessions.size;
    return all;
  }

  /** Remembers a connection until it closes, which is after {@link LONGEST_SESSION_MS} at the latest. `onClosed` hears of it. */
  add(opened: RemoteConsole, client: Duplex, onClosed: () => void): void {
    const key = keyText(keyOf(opened));
    const session = { opened, client };
    const here = this.#open.get(key) ?? new Set();
    this.#open.set(key, here.add(session));
    const longest = setTimeout(() => client.destroy(), LONGEST_SESSION_MS).unref();
    client.once("close", () => {
      clearTimeout(longest);
      here.delete(session);
      if (here.size === 0 && this.#open.get(key) === here) this.#open.delete(key);
      onClosed();
    });
  }

  /** Cuts the connections that the object, as it is now, lets stay no longer. */
  review(key: string, now: RemoteConsole | undefined): void {
    for (const { opened, client } of this.#open.get(key) ?? []) if (!mayStayConnected(opened, now)) client.destroy();
  }
}
