const UNITS = [3_600_000, 60_000, 1_000] as const;

/**
 * Milliseconds of a duration as the CRDs allow it: hours, minutes and seconds in this order, such as `720h`, `1h30m`.
 * @throws Error for anything else, which the CRD's rule has refused before
 */
export function durationMs(text: string): number {
  const match = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text);
  if (match === null || text === "") throw new Error(`"${text}" is not a duration such as 720h, 1h30m or 45s`);
  return UNITS.reduce((sum, unit, at) => sum + Number(match[at + 1] ?? 0) * unit, 0);
}

/** A time as our kinds' status and Barbican's metadata carry it: RFC 3339 in UTC, whole seconds. */
export function timeText(at: Date): string {
  return at.toISOString().replace(/\.\d+Z$/, "Z");
}

/** A time without its fraction of a second, as it comes back from a status or a mark. */
export function wholeSecond(at: Date): Date {
  return new Date(Math.floor(at.getTime() / 1000) * 1000);
}
