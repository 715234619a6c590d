/** Keystone lets a service use a token for so long after its end (`[token] allow_expired_window`, 2 days). */
const EXPIRED_WINDOW_MS = 48 * 3_600_000;

export interface TokenFacts {
  /** When each key but 0 became the one that is used, by number. */
  readonly usedSince: Readonly<Record<string, string>>;
  readonly now: Date;
  readonly tokenLifetimeMs: number;
}

/** Whether a token may be out that a Fernet key encrypted: it was used until the next one was. Pure. */
export function mayTokensBeOut(number: number, { usedSince, now, tokenLifetimeMs }: TokenFacts): boolean {
  const until = Date.parse(usedSince[String(number + 1)] ?? now.toISOString());
  return until + tokenLifetimeMs + EXPIRED_WINDOW_MS > now.getTime();
}
