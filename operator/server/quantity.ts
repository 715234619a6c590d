const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/**
 * Bytes of a quantity of whole bytes (k8s.io/apimachinery, `resource.Quantity`). The CRDs let only such in, so what
 * is not one comes from another's object and counts as nothing.
 */
export function bytesOf(quantity: string | undefined): number {
  const match = /^(\d+(?:\.\d*)?)(?:([KMGTPE]i|[kMGTPE]?)|[eE](\d{1,2}))$/.exec(quantity ?? "");
  if (match === null) return 0;
  const [, digits = "0", unit = "", exponent] = match;
  const factor = exponent === undefined ? (UNITS[unit] ?? 1) : 10 ** Number(exponent);
  return Math.ceil(Number(digits) * factor);
}

/** The larger of two quantities, as it was written. */
export function larger(one: string, other: string): string {
  return bytesOf(other) > bytesOf(one) ? other : one;
}

/**
 * The quantity as Kubernetes writes it back: the largest unit that leaves no fraction. KubeVirt's webhook rewrites
 * what it is given so, and what we compare with must look the same.
 */
export function canonical(quantity: string): string {
  const bytes = bytesOf(quantity);
  const units = quantity.endsWith("i") ? ["Ei", "Pi", "Ti", "Gi", "Mi", "Ki"] : ["E", "P", "T", "G", "M", "k"];
  const unit = units.find((candidate) => bytes > 0 && bytes % (UNITS[candidate] ?? 1) === 0) ?? "";
  return `${bytes / (UNITS[unit] ?? 1)}${unit}`;
}

/** Bytes for a person: `1.5Gi`. */
export function sizeText(bytes: number): string {
  for (const unit of ["Ei", "Pi", "Ti", "Gi", "Mi", "Ki"]) {
    const size = UNITS[unit] ?? 1;
    if (bytes >= size) return `${Math.round((bytes / size) * 100) / 100}${unit}`;
  }
  return `${bytes}`;
}
