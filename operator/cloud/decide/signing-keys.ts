import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import type { Values } from "./key-table.ts";

/**
 * The pairs by which Keystone signs tokens (format jws), as a repository of keys by number and as a core Secret. Keystone
 * signs with one private key and takes every public key that it finds in a folder, and nothing else may be in there: so the
 * core Secret has a fixed set of names, which a volume can list before they are there.
 */
export const SIGNING = {
  private: "private.pem",
  public: "public.pem",
  nextPrivate: "next.private.pem",
  nextPublic: "next.public.pem",
  /** The number of the pair that signs. */
  number: "number",
} as const;

/** So many pairs that no longer sign are kept at most: tokens of theirs may be out. */
export const FORMER_SLOTS = 8;
export const MOST_PAIRS = FORMER_SLOTS + 2;
/** Under which name the public half of a former pair is kept: the same for as long as it is there. */
export const formerName = (number: number): string => `former-${number % FORMER_SLOTS}.public.pem`;

/** A pair that was just made, as text: the public half, then the private. */
export function signingPair(): string {
  const pair = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  return pair.publicKey + pair.privateKey;
}

const END_OF_PUBLIC = "-----END PUBLIC KEY-----";

function halves(pair: string): { readonly public: string; readonly private: string } {
  const at = pair.indexOf(END_OF_PUBLIC) + END_OF_PUBLIC.length;
  return { public: clean(pair.slice(0, at)), private: clean(pair.slice(at)) };
}

/** As OpenSSL writes it: whoever puts a key back by hand may have lost its last line's end, or have brought others. */
function clean(pem: string): string {
  const text = pem.replaceAll("\r\n", "\n").trim();
  return text === "" ? "" : `${text}\n`;
}

const pairText = (ofPublic = "", ofPrivate = ""): string => clean(ofPublic) + clean(ofPrivate);

/** By number: 0 signs next, the highest signs, of those between the public half is known. */
export function pairsOf(values: Values): Values {
  const signing = Number(values[SIGNING.number] ?? 1);
  const formers = Array.from({ length: FORMER_SLOTS }, (_, before) => signing - before - 1)
    .filter((number) => number > 0)
    .filter((number) => values[formerName(number)] !== undefined)
    .map((number) => [String(number), pairText(values[formerName(number)])] as const);
  return {
    ...(values[SIGNING.nextPublic] === undefined
      ? {}
      : { "0": pairText(values[SIGNING.nextPublic], values[SIGNING.nextPrivate]) }),
    ...Object.fromEntries(formers),
    [String(signing)]: pairText(values[SIGNING.public], values[SIGNING.private]),
  };
}

/** What the core Secret holds of pairs by number; the inverse of {@link pairsOf}. */
export function valuesOfPairs(pairs: Values): Values {
  const signing = Math.max(...Object.keys(pairs).map(Number));
  const [now, next] = [halves(pairs[String(signing)] ?? ""), pairs["0"] === undefined ? undefined : halves(pairs["0"])];
  const formers = Object.entries(pairs).filter(([number]) => Number(number) > 0 && Number(number) < signing);
  return {
    [SIGNING.number]: String(signing),
    [SIGNING.private]: now.private,
    [SIGNING.public]: now.public,
    ...(next === undefined ? {} : { [SIGNING.nextPrivate]: next.private, [SIGNING.nextPublic]: next.public }),
    ...Object.fromEntries(formers.map(([number, pair]) => [formerName(Number(number)), halves(pair).public])),
  };
}

/**
 * The public halves as a JSON Web Key Set: of the pair that signs, of the next, and of the former ones whose tokens may be out. So a
 * key is among them long before it signs. Always in the same order, the one that signs first: without key ids Envoy tries one after
 * another, some 60 µs each. The values must be ones without a problem.
 */
export function jwksOf(values: Values): string {
  const others = Object.keys(values).filter((name) => name.endsWith(SIGNING.public) && name !== SIGNING.public);
  const keys = [SIGNING.public, ...others.sort()].map((name) => publicJwk(values[name] ?? ""));
  return JSON.stringify({ keys });
}

/** A public half, or that of a private one, as a JSON Web Key. The text must be a key. */
export function publicJwk(pem: string): Readonly<Record<string, unknown>> {
  return createPublicKey(pem).export({ format: "jwk" });
}

/** What is wrong with the core Secret's values, in words; undefined where nothing is. Never names a value. */
export function signingProblem(values: Values): string | undefined {
  const number = values[SIGNING.number] ?? "1";
  if (!/^[1-9][0-9]*$/.test(number)) return `${SIGNING.number} is not a number from 1 on`;
  const names = new Set([SIGNING.private, SIGNING.public, ...Object.keys(values)]);
  names.delete(SIGNING.number);
  const wrong = [...names].find((name) => !isHalf(name, values[name]));
  if (wrong !== undefined) return `${wrong} is not ${isPrivate(wrong) ? "a private" : "a public"} key of P-256 in PEM`;
  const pairs = [
    [SIGNING.private, SIGNING.public],
    [SIGNING.nextPrivate, SIGNING.nextPublic],
  ] as const;
  for (const [ofPrivate, ofPublic] of pairs) {
    const [own, other] = [values[ofPrivate], values[ofPublic]];
    if ((own === undefined) !== (other === undefined))
      return `${ofPrivate} and ${ofPublic} must both be there, or neither`;
    if (own !== undefined && other !== undefined && !createPublicKey(own).equals(createPublicKey(other)))
      return `${ofPublic} is not the public half of ${ofPrivate}`;
  }
  return undefined;
}

const isPrivate = (name: string): boolean => name.endsWith(SIGNING.private);

/** Keystone signs by ES256 alone (RFC 7518, 3.4). */
function isHalf(name: string, pem = ""): boolean {
  if (pem.includes("PUBLIC KEY") === isPrivate(name)) return false;
  try {
    const key = isPrivate(name) ? createPrivateKey(pem) : createPublicKey(pem);
    return key.asymmetricKeyDetails?.namedCurve === "prime256v1";
  } catch {
    return false;
  }
}
