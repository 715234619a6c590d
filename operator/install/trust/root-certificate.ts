import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  BasicConstraints,
  Certificate,
  Extension,
  Extensions,
  GeneralName,
  id_ce_basicConstraints,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from "@peculiar/asn1-x509";

/** A certificate authority, in PEM. */
export interface Root {
  readonly certificate: string;
  /** PKCS #8, not encrypted. */
  readonly key: string;
}

const ECDSA_SHA256 = "1.2.840.10045.4.3.2";
const [COMMON_NAME, ORGANIZATION] = ["2.5.4.3", "2.5.4.10"];
const LIFE_YEARS = 10;
/** A clock that is behind must find it valid already. */
const BACKDATE_MS = 3_600_000;

/**
 * A new root for a trust domain: a P-256 key and its certificate, for ten years. Its path length is one, so that below it
 * there is one authority, SPIRE's intermediate, and that one may make no other (X.509-SVID standard, 4; RFC 5280, 4.2.1.9).
 * By the ASN.1 types that spiffe/ reads certificates by: `@peculiar/x509`, as tests use it, is a dozen packages more in the image.
 */
export function makeRoot(trustDomain: string, now: Date): Root {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = nameOf([
    [ORGANIZATION, trustDomain],
    [COMMON_NAME, "Nephele root"],
  ]);
  const until = new Date(now);
  until.setUTCFullYear(until.getUTCFullYear() + LIFE_YEARS);
  const algorithm = new AlgorithmIdentifier({ algorithm: ECDSA_SHA256 });
  const spki = publicKey.export({ format: "der", type: "spki" });
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: serialNumber(),
    signature: algorithm,
    issuer: name,
    validity: new Validity({ notBefore: new Date(now.getTime() - BACKDATE_MS), notAfter: until }),
    subject: name,
    subjectPublicKeyInfo: AsnConvert.parse(spki, SubjectPublicKeyInfo),
    extensions: extensionsFor(trustDomain, spki),
  });
  return {
    certificate: certified(tbsCertificate, algorithm, privateKey),
    key: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
  };
}

function extensionsFor(trustDomain: string, spki: Buffer): Extensions {
  const keyId = createHash("sha1").update(spki).digest();
  const [critical, plain] = [true, false];
  const uri = new GeneralName({ uniformResourceIdentifier: `spiffe://${trustDomain}` });
  return new Extensions([
    extension(id_ce_basicConstraints, critical, new BasicConstraints({ cA: true, pathLenConstraint: 1 })),
    extension(id_ce_keyUsage, critical, new KeyUsage(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign)),
    extension(id_ce_subjectKeyIdentifier, plain, new SubjectKeyIdentifier(keyId)),
    extension(id_ce_subjectAltName, plain, new SubjectAlternativeName([uri])),
  ]);
}

function extension(extnID: string, critical: boolean, value: object): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
}

function certified(tbsCertificate: TBSCertificate, algorithm: AlgorithmIdentifier, key: KeyObject): string {
  const signature = sign("sha256", Buffer.from(AsnConvert.serialize(tbsCertificate)), { key, dsaEncoding: "der" });
  const certificate = new Certificate({
    tbsCertificate,
    signatureAlgorithm: algorithm,
    signatureValue: new Uint8Array(signature).buffer,
  });
  const lines =
    Buffer.from(AsnConvert.serialize(certificate))
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

/** Each value is a set of its own, the first the outermost. */
function nameOf(parts: readonly (readonly [type: string, value: string])[]): Name {
  return new Name(
    parts.map(
      ([type, utf8String]) =>
        new RelativeDistinguishedName([new AttributeTypeAndValue({ type, value: new AttributeValue({ utf8String }) })]),
    ),
  );
}

/** Positive, and of 127 random bits. */
function serialNumber(): ArrayBuffer {
  const bytes = new Uint8Array(randomBytes(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.buffer;
}
