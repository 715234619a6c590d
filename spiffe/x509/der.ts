import { X509Certificate } from "node:crypto";

/**
 * The certificates of a chain as the Workload API writes them: DER, one behind the other.
 *
 * @throws TypeError where the bytes are cut off or are no certificates.
 */
export function certificatesOf(bytes: Uint8Array): readonly X509Certificate[] {
  const certificates: X509Certificate[] = [];
  for (let rest = bytes; rest.length > 0; ) {
    const length = lengthOfFirst(rest);
    if (length > rest.length) throw new TypeError("the last certificate of a chain is cut off");
    certificates.push(parse(rest.subarray(0, length)));
    rest = rest.subarray(length);
  }
  return certificates;
}

/** How long the first DER value is, with its head (X.690, 8.1.3: a short length, or the number of its bytes first). */
function lengthOfFirst(bytes: Uint8Array): number {
  const first = bytes[1] ?? 0;
  if (first < 0x80) return 2 + first;
  const count = first & 0x7f;
  if (count === 0 || count > 4 || bytes.length < 2 + count) throw new TypeError("a chain is no DER");
  let length = 0;
  for (const byte of bytes.subarray(2, 2 + count)) length = length * 256 + byte;
  return 2 + count + length;
}

function parse(bytes: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(bytes);
  } catch (error) {
    throw new TypeError("a chain holds what is no certificate", { cause: error });
  }
}
