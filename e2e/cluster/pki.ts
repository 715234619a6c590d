import "reflect-metadata";
import { randomBytes, type webcrypto } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";
import { isNotFound, writeWhole } from "./files.ts";

// @peculiar/x509 rather than the openssl command: it works in the process (a client certificate for a test user takes
// a millisecond and no shell), is the same on every machine, and has no configuration files to be led astray by.

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const dayMs = 86_400_000;
/** Certificates are valid from a little before now, for clocks that are not quite ours, and for a year. */
const backdateMs = 5 * 60_000;
const lifeMs = 365 * dayMs;

/** A certificate and its private key, PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** A key pair in files. */
export interface KeyPairFiles extends KeyPair {
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** Who a certificate is for. */
export interface Subject {
  readonly commonName: string;
  /** Kubernetes reads them as groups. */
  readonly organizations?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly addresses?: readonly string[];
  /** SPIFFE IDs. */
  readonly uris?: readonly string[];
}

/** Signs certificates. */
export interface Authority extends KeyPairFiles {
  /** A new key and a certificate for client and server authentication. Nothing is written. */
  issue(subject: Subject): Promise<KeyPair>;
}

/** The certificates of one cluster, in one folder; what is there already is used again. */
export interface Pki {
  readonly folder: string;
  authority(name: string, commonName: string): Promise<Authority>;
  /** A certificate kept as `<name>.crt` and `<name>.key`. */
  issued(authority: Authority, name: string, subject: Subject): Promise<KeyPairFiles>;
  /** A key pair without certificate, for signing tokens: `<name>.key` (PKCS #8) and `<name>.pub`. */
  signingKey(name: string): Promise<{ readonly keyFile: string; readonly publicKeyFile: string }>;
}

export function openPki(folder: string): Pki {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const files = (name: string) => ({
    certificateFile: join(folder, `${name}.crt`),
    keyFile: join(folder, `${name}.key`),
  });
  const load = (name: string): KeyPairFiles | undefined => {
    const { certificateFile, keyFile } = files(name);
    const certificate = readText(certificateFile);
    const key = readText(keyFile);
    return certificate === undefined || key === undefined ? undefined : { certificate, key, certificateFile, keyFile };
  };
  const save = (name: string, pair: KeyPair): KeyPairFiles => {
    const { certificateFile, keyFile } = files(name);
    writeWhole(keyFile, pair.key);
    writeWhole(certificateFile, pair.certificate);
    return { ...pair, certificateFile, keyFile };
  };
  return {
    folder,
    authority: async (name, commonName) => {
      const pair = load(name) ?? save(name, await selfSigned(commonName));
      return { ...pair, issue: (subject) => issue(pair, subject) };
    },
    issued: async (authority, name, subject) => load(name) ?? save(name, await authority.issue(subject)),
    signingKey: async (name) => {
      const keyFile = join(folder, `${name}.key`);
      const publicKeyFile = join(folder, `${name}.pub`);
      if (readText(publicKeyFile) === undefined) {
        const keys = await newKeys();
        writeWhole(keyFile, await privatePem(keys));
        writeWhole(
          publicKeyFile,
          x509.PemConverter.encode(await crypto.subtle.exportKey("spki", keys.publicKey), "PUBLIC KEY"),
        );
      }
      return { keyFile, publicKeyFile };
    },
  };
}

async function selfSigned(commonName: string): Promise<KeyPair> {
  const keys = await newKeys();
  const usage = x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity(),
    serialNumber: serialNumber(),
    name: distinguishedName({ commonName }),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(usage, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: certificate.toString("pem"), key: await privatePem(keys) };
}

async function issue(authority: KeyPair, subject: Subject): Promise<KeyPair> {
  const keys = await newKeys();
  const issuer = new x509.X509Certificate(authority.certificate);
  const names: x509.JsonGeneralNames = [
    ...(subject.dnsNames ?? []).map((value) => ({ type: "dns" as const, value })),
    ...(subject.addresses ?? []).map((value) => ({ type: "ip" as const, value })),
    ...(subject.uris ?? []).map((value) => ({ type: "url" as const, value })),
  ];
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity(),
    serialNumber: serialNumber(),
    subject: distinguishedName(subject),
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey: await importPrivate(authority.key),
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
    ],
  });
  return { certificate: certificate.toString("pem"), key: await privatePem(keys) };
}

function distinguishedName(subject: Subject): x509.JsonName {
  return [...(subject.organizations ?? []).map((name) => ({ O: [name] })), { CN: [subject.commonName] }];
}

function validity(): { readonly notBefore: Date; readonly notAfter: Date } {
  return { notBefore: new Date(Date.now() - backdateMs), notAfter: new Date(Date.now() + lifeMs) };
}

/** 127 random bits: positive in DER whatever they are (RFC 5280, 4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString("hex");
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

async function privatePem(keys: webcrypto.CryptoKeyPair): Promise<string> {
  return `${x509.PemConverter.encode(await crypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY")}\n`;
}

function importPrivate(pem: string): Promise<webcrypto.CryptoKey> {
  return crypto.subtle.importKey("pkcs8", x509.PemConverter.decodeFirst(pem), algorithm, false, ["sign"]);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
