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

/** Kubernetes asks for no digit: `Gi` is zero to it, and a CRD's rule lets it in. */
const QUANTITY = /^(?=.)([+-]?)(\d*)(?:\.(\d*))?(?:([KMGTPE]i)|[eE]([+-]?\d{1,3})|([numkMGTPE]?))$/;

/** How a quantity was written; Kubernetes writes it back in the same way. */
type Format = "binary" | "exponent" | "decimal";

/**
 * Whole bytes of a quantity (k8s.io/apimachinery, `resource.Quantity`), rounded up as Kubernetes does.
 * @throws RangeError for what is no quantity, or a negative one
 */
export function bytesOf(quantity: string): bigint {
  return parse(quantity).value;
}

export function isQuantity(text: string): boolean {
  return read(text) !== undefined;
}

/**
 * Bytes in the largest binary unit that says them exactly, else as a count: `1536Mi`, `2Gi`, `1k`. This is canonical:
 * the API server keeps it as it is, so what is written can be compared with what is there.
 */
export function formatBytes(bytes: bigint): string {
  return inBinaryUnits(bytes) ?? formatCount(bytes);
}

/** A whole number as a canonical quantity: `110`, `2k`. */
export function formatCount(count: number | bigint): string {
  const suffixes = ["", "k", "M", "G", "T", "P", "E"];
  const { digits, thousands } = thousandsOf(BigInt(count), suffixes.length - 1);
  return `${digits}${suffixes[thousands]}`;
}

/**
 * A quantity of whole bytes as the API server writes it back: `2048Mi` is `2Gi`, `1.5Gi` is `1536Mi`, `2000M` is `2G`.
 * What it is compared with must look the same. (A plus sign or an empty fraction the API server may keep.)
 * @throws RangeError for what is no quantity, or a negative one
 */
export function canonical(quantity: string): string {
  const { value, format } = parse(quantity);
  if (format === "binary") return value < 1024n ? formatCount(value) : (inBinaryUnits(value) ?? `${value}`);
  if (format === "decimal") return formatCount(value);
  const { digits, thousands } = thousandsOf(value, Number.POSITIVE_INFINITY);
  return thousands === 0 ? `${digits}` : `${digits}e${3 * thousands}`;
}

/** Bytes for a person, rounded to hundredths: `1.5Gi`. */
export function sizeText(bytes: bigint): string {
  const fitting = Object.entries(BINARY).findLast(([, size]) => bytes >= size);
  if (fitting === undefined) return `${bytes}`;
  const [unit, size] = fitting;
  return `${Number((bytes * 100n + size / 2n) / size) / 100}${unit}`;
}

interface Reading {
  readonly value: bigint;
  readonly format: Format;
}

function parse(quantity: string): Reading {
  const reading = read(quantity);
  if (reading === undefined) throw new RangeError(`${JSON.stringify(quantity)} is not a quantity such as 512Mi`);
  return reading;
}

function read(quantity: string): Reading | undefined {
  const match = QUANTITY.exec(quantity);
  if (match === null) return undefined;
  const [, sign, whole = "", fraction = "", binary, exponent, suffix = ""] = match;
  const digits = BigInt(whole + fraction);
  if (sign === "-" && digits > 0n) return undefined;
  if (binary !== undefined)
    return { value: divideUp(digits * (BINARY[binary] ?? 1n), 10n ** BigInt(fraction.length)), format: "binary" };
  const power = (exponent === undefined ? (DECIMAL[suffix] ?? 0) : Number(exponent)) - fraction.length;
  const value = power >= 0 ? digits * 10n ** BigInt(power) : divideUp(digits, 10n ** BigInt(-power));
  return { value, format: exponent === undefined ? "decimal" : "exponent" };
}

function inBinaryUnits(bytes: bigint): string | undefined {
  const fitting = Object.entries(BINARY).findLast(([, size]) => bytes >= size && bytes % size === 0n);
  return fitting === undefined ? undefined : `${bytes / fitting[1]}${fitting[0]}`;
}

/** A number without as many thousands as are in it, `most` at the most. */
function thousandsOf(value: bigint, most: number): { readonly digits: bigint; readonly thousands: number } {
  let [digits, thousands] = [value, 0];
  while (digits >= 1000n && digits % 1000n === 0n && thousands < most)
    [digits, thousands] = [digits / 1000n, thousands + 1];
  return { digits, thousands };
}

function divideUp(value: bigint, by: bigint): bigint {
  return (value + by - 1n) / by;
}
