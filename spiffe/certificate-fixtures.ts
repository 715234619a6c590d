import "reflect-metadata";
import { randomBytes, X509Certificate } from "node:crypto";
import * as x509 from "@peculiar/x509";

/** Certificates of every kind, right and wrong, for tests. */

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const hourMs = 3_600_000;

/** So many hours from a moment. */
export function hoursFrom(now: Date, count: number): Date {
  return new Date(now.getTime() + count * hourMs);
}

const { digitalSignature, keyCertSign, cRLSign } = x509.KeyUsageFlags;

type Keys = Awaited<ReturnType<typeof newKeys>>;
/** A certificate and its key: an authority, or a leaf. */
export interface Certified {
  readonly name: string;
  readonly keys: Keys;
  readonly certificate: X509Certificate;
}
/** What a certificate says, where it is not what is right. */
export interface Made {
  readonly uris?: readonly string[];
  readonly isAuthority?: boolean;
  readonly pathLength?: number;
  readonly usage?: number | undefined;
  readonly from?: Date;
  readonly to?: Date;
  readonly extended?: readonly x509.ExtendedKeyUsage[];
  readonly more?: readonly x509.Extension[];
}

function newKeys() {
  return crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

/** A certificate of a new key, right in all but what is said, valid an hour before and after `now`. */
export async function certify(
  name: string,
  by: Certified | undefined,
  made: Made,
  now = new Date(),
): Promise<Certified> {
  const keys = await newKeys();
  const {
    uris = [],
    isAuthority = false,
    pathLength,
    from = hoursFrom(now, -1),
    to = hoursFrom(now, 1),
    more = [],
  } = made;
  const usage = "usage" in made ? made.usage : isAuthority ? keyCertSign | cRLSign : digitalSignature;
  const extensions: x509.Extension[] = [new x509.BasicConstraintsExtension(isAuthority, pathLength, true), ...more];
  if (usage !== undefined) extensions.push(new x509.KeyUsagesExtension(usage, true));
  if (uris.length > 0) {
    extensions.push(new x509.SubjectAlternativeNameExtension(uris.map((value) => ({ type: "url", value }))));
  }
  if (made.extended !== undefined) extensions.push(new x509.ExtendedKeyUsageExtension([...made.extended]));
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${name}`,
    issuer: `CN=${by?.name ?? name}`,
    serialNumber: randomBytes(8).toString("hex"),
    notBefore: from,
    notAfter: to,
    publicKey: keys.publicKey,
    signingKey: (by?.keys ?? keys).privateKey,
    signingAlgorithm: algorithm,
    extensions,
  });
  return { name, keys, certificate: new X509Certificate(Buffer.from(certificate.rawData)) };
}
