import type { Clock } from "./clock.ts";
import { ServiceError } from "./service-error.ts";

const attempts = 3;
const firstDelayMs = 100;
const longestDelayMs = 2_000;

/**
 * Does an idempotent call again, up to three times in all, when there was no answer or a 429, 502, 503 or 504. All else
 * is thrown at once: what lasts longer is the matter of the caller's own back-off.
 */
export async function withRetries<T>(
  clock: Clock,
  signal: AbortSignal | undefined,
  call: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      if (attempt >= attempts || !(error instanceof ServiceError) || !mayPassSoon(error)) throw error;
      await clock.sleep(backoff(attempt, Math.random()), signal);
    }
  }
}

function mayPassSoon(error: ServiceError): boolean {
  return error.retryable && [0, 429, 502, 503, 504].includes(error.status);
}

/** The wait after the n-th attempt in milliseconds: doubled each time, bounded, and spread over its upper half. */
export function backoff(attempt: number, random: number): number {
  const whole = Math.min(firstDelayMs * 2 ** (attempt - 1), longestDelayMs);
  return whole / 2 + (whole / 2) * random;
}
