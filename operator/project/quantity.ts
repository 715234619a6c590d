const BINARY: Readonly<Record<string, bigint>> = {
  Ki: 1n << 10n,
  Mi: 1n << 20n,
  Gi: 1n << 30n,
  Ti: 1n << 40n,
  Pi: 1n << 50n,
  Ei: 1n << 60n,
};
/** Powers of ten of the decimal suffixes. */
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, "": 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };

const QUANTITY = /^\+?(\d+)(?:\.(\d*))?(?:([KMGTPE]i)|[eE]([+-]?\d{1,3})|([numkMGTPE]?))$/;

/**
 * Whole bytes of a quantity (k8s.io/apimachinery, `resource.Quantity`), rounded up as Kubernetes does.
 * @throws RangeError for what is no quantity, or a negative one
 */
export function bytesOf(quantity: string): bigint {
  const match = QUANTITY.exec(quantity);
  if (match === null) throw new RangeError(`${JSON.stringify(quantity)} is not a quantity such as 512Mi`);
  const [, whole = "0", fraction = "", binary, exponent, suffix = ""] = match;
  const digits = BigInt(whole + fraction);
  if (binary !== undefined) return divideUp(digits * (BINARY[binary] ?? 1n), 10n ** BigInt(fraction.length));
  const power = (exponent === undefined ? (DECIMAL[suffix] ?? 0) : Number(exponent)) - fraction.length;
  return power >= 0 ? digits * 10n ** BigInt(power) : divideUp(digits, 10n ** BigInt(-power));
}

/**
 * Bytes in the largest binary unit that says them exactly, else as a count: `1536Mi`, `2Gi`, `1k`. This is the canonical
 * form, in which the API server keeps quantities, so what is written can be compared with what is there.
 */
export function formatBytes(bytes: bigint): string {
  const fitting = Object.entries(BINARY).findLast(([, size]) => bytes >= size && bytes % size === 0n);
  return fitting === undefined ? formatCount(bytes) : `${bytes / fitting[1]}${fitting[0]}`;
}

/** A whole number as a canonical quantity: `110`, `2k`. */
export function formatCount(count: number | bigint): string {
  const suffixes = ["", "k", "M", "G", "T", "P", "E"];
  let [rest, at] = [BigInt(count), 0];
  while (rest >= 1000n && rest % 1000n === 0n && at < suffixes.length - 1) [rest, at] = [rest / 1000n, at + 1];
  return `${rest}${suffixes[at]}`;
}

function divideUp(value: bigint, by: bigint): bigint {
  return (value + by - 1n) / by;
}
