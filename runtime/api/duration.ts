const UNIT_MS = { h: 3_600_000, m: 60_000, s: 1_000 } as const;

/**
 * Milliseconds of a duration as the CRDs allow it: hours, minutes and seconds in this order, each optional, as in
 * `1h30m`. It is a part of Go's `time.ParseDuration`, which CEL's `duration()` is too: what the CRDs' rules let in.
 * @throws RangeError for anything else
 */
export function durationMs(text: string): number {
  const match = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text);
  if (match === null || text === "")
    throw new RangeError(`${JSON.stringify(text)} is not a duration such as 720h or 1h30m`);
  const [, hours = "0", minutes = "0", seconds = "0"] = match;
  return Number(hours) * UNIT_MS.h + Number(minutes) * UNIT_MS.m + Number(seconds) * UNIT_MS.s;
}
