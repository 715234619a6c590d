import { constants, X509Certificate } from "node:crypto";
import type { PeerCertificate, SecureContextOptions, TLSSocket } from "node:tls";
import type { Identity } from "./identity.ts";

/**
 * What both ends of TLS show and believe now: the newest SVID, and every bundle. OpenSSL's check is by all bundles together;
 * who the peer is, is decided beside it, by the bundle of its own trust domain alone.
 */
export function contextOf(source: Identity): SecureContextOptions {
  const { chain, key } = source.svid;
  return {
    cert: chain.map(String).join(""),
    key: key.export({ format: "pem", type: "pkcs8" }),
    ca: [...source.bundles.values()].flat().map(String),
    minVersion: "TLSv1.3",
    // A session that is resumed would be one that no certificate was shown for.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

/** What the other end sent: its leaf first. */
export function shownBy(socket: TLSSocket): readonly X509Certificate[] {
  return chainOf(socket.getPeerCertificate(true));
}

/** A chain as Node tells it: each with its issuer, a root with itself. */
export function chainOf(leaf: PeerCertificate | undefined): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  const seen = new Set<object>();
  for (let each: PeerCertificate | undefined = leaf; each?.raw !== undefined && !seen.has(each); ) {
    seen.add(each);
    chain.push(new X509Certificate(each.raw));
    each = "issuerCertificate" in each ? (each.issuerCertificate as PeerCertificate) : undefined;
  }
  return chain;
}
