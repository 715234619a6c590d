import type { Clock } from "../clock.ts";
import { isServiceError } from "../service-error.ts";
import type { IssuedToken } from "./issued-token.ts";
import { singleFlight, unlessAborted } from "./single-flight.ts";
import type { TokenSource } from "./token-source.ts";

/** A token is renewed this long before its end, or in the last tenth of its life where that is less; in milliseconds. */
const marginMs = 5 * 60_000;

/**
 * Keystone compares times in whole seconds: a token issued in the same second in which the earlier ones were revoked
 * (a password changed, a role removed) is refused for ever. So a token is never replaced in the second of its refusal.
 */
const nextSecondMs = 1_000;

/** Holds one token and renews it in one flight. */
export interface TokenKeeper extends TokenSource {
  /** As `get`, with all that Keystone said of the token. */
  current(signal?: AbortSignal): Promise<IssuedToken>;
}

interface Held {
  readonly token: IssuedToken;
  readonly renewAt: number;
  readonly endsAt: number;
}

/** Keeps the token that `issue` gives. */
export function keepToken(clock: Clock, issue: () => Promise<IssuedToken>): TokenKeeper {
  let held: Held | undefined;

  const fetch = async (): Promise<IssuedToken> => {
    const askedAt = clock.now();
    const token = await issue();
    const margin = Math.min(marginMs, token.lifetimeMs / 10);
    held = { token, renewAt: askedAt + token.lifetimeMs - margin, endsAt: askedAt + token.lifetimeMs };
    return token;
  };
  const renewInTime = singleFlight(async () => {
    try {
      return await fetch();
    } catch (error) {
      // Keystone is away, but the old token is good for some minutes yet.
      if (held !== undefined && clock.now() < held.endsAt && isServiceError(error, "Unavailable")) return held.token;
      throw error;
    }
  });
  let replacing = false;
  const replace = singleFlight(async () => {
    held = undefined;
    replacing = true;
    try {
      await clock.sleep(nextSecondMs);
      return await fetch();
    } finally {
      replacing = false;
    }
  });

  const current = async (signal?: AbortSignal): Promise<IssuedToken> => {
    // Who asks while a refused token is replaced waits too: a token of this second would be refused as well.
    if (replacing) return unlessAborted(replace(), signal);
    return held !== undefined && clock.now() < held.renewAt ? held.token : unlessAborted(renewInTime(), signal);
  };

  return {
    current,
    get: async (signal) => (await current(signal)).value,
    renew: async (refused, signal) => {
      if (held !== undefined && held.token.value !== refused) return held.token.value;
      return (await unlessAborted(replace(), signal)).value;
    },
  };
}
