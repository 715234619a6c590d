const units = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;

/** A duration as Gateway API writes it (GEP-2257): `1h30m`, `500ms`. Milliseconds; undefined for what is none. */
export function gatewayDuration(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d{1,5})(h|ms|m|s)/g)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join("") !== text) return undefined;
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * units[unit as keyof typeof units], 0);
}
