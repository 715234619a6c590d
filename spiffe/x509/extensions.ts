import type { X509Certificate } from "node:crypto";
import { AsnConvert, type OctetString } from "@peculiar/asn1-schema";
import {
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_nameConstraints,
  id_ce_subjectAltName,
  id_kp_clientAuth,
  id_kp_serverAuth,
  KeyUsage,
  KeyUsageFlags,
  SubjectAlternativeName,
} from "@peculiar/asn1-x509";

/** What a certificate says of itself that decides whether it is believed; node:crypto does not tell it. */
export interface Extensions {
  readonly isAuthority: boolean;
  /** How many authorities may stand between this one and a leaf; undefined: any number. */
  readonly pathLength: number | undefined;
  /** Undefined where it is not said what the key may do. */
  readonly keyUsage:
    | { readonly signsCertificates: boolean; readonly signs: boolean; readonly signsCrls: boolean }
    | undefined;
  /** Whether it may be shown by both ends of TLS; undefined where it is not said. */
  readonly isForTls: boolean | undefined;
  /** The URIs among its alternative names. */
  readonly uris: readonly string[];
  /** Critical extensions, and constraints on names, that are not understood here. */
  readonly notUnderstood: readonly string[];
}

/** @throws Error for what is no certificate of RFC 5280. */
export function extensionsOf(certificate: X509Certificate): Extensions {
  const { tbsCertificate } = AsnConvert.parse(certificate.raw, Certificate);
  const found = new Map<string, OctetString>();
  const notUnderstood: string[] = [];
  for (const { extnID, critical, extnValue } of tbsCertificate.extensions ?? []) {
    // RFC 5280, 4.2: there may be one of a kind. Of two, others may read the other one.
    if (found.has(extnID)) notUnderstood.push(`${extnID} twice`);
    found.set(extnID, extnValue);
    const isRead = read.has(extnID);
    // Names that an authority may not give are a promise even where they are not marked critical.
    if ((critical && !isRead) || extnID === id_ce_nameConstraints) notUnderstood.push(extnID);
  }
  const get = <T>(oid: string, type: new () => T): T | undefined => {
    const value = found.get(oid);
    return value === undefined ? undefined : AsnConvert.parse(value, type);
  };
  const basic = get(id_ce_basicConstraints, BasicConstraints);
  const usage = get(id_ce_keyUsage, KeyUsage)?.toNumber();
  const extended = get(id_ce_extKeyUsage, ExtendedKeyUsage);
  const names = get(id_ce_subjectAltName, SubjectAlternativeName) ?? [];
  return {
    isAuthority: basic?.cA ?? false,
    pathLength: basic?.pathLenConstraint,
    keyUsage:
      usage === undefined
        ? undefined
        : {
            signsCertificates: (usage & KeyUsageFlags.keyCertSign) !== 0,
            signs: (usage & KeyUsageFlags.digitalSignature) !== 0,
            signsCrls: (usage & KeyUsageFlags.cRLSign) !== 0,
          },
    isForTls: extended?.includes(id_kp_clientAuth) && extended.includes(id_kp_serverAuth),
    uris: names.flatMap(({ uniformResourceIdentifier: uri }) => (uri === undefined ? [] : [uri])),
    notUnderstood,
  };
}

const read = new Set([id_ce_basicConstraints, id_ce_keyUsage, id_ce_extKeyUsage, id_ce_subjectAltName]);
