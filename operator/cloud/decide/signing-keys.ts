import { generateKeyPairSync } from "node:crypto";
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

const END_OF_PUBLIC = "-----END PUBLIC KEY-----\n";

function halves(pair: string): { readonly public: string; readonly private: string } {
  const at = pair.indexOf(END_OF_PUBLIC) + END_OF_PUBLIC.length;
  return { public: pair.slice(0, at), private: pair.slice(at) };
}

/** By number: 0 signs next, the highest signs, of those between the public half is known. */
export function pairsOf(values: Values): Values {
  const signing = Number(values[SIGNING.number] ?? 1);
  const formers = Array.from({ length: FORMER_SLOTS }, (_, before) => signing - before - 1)
    .filter((number) => number > 0)
    .map((number) => [String(number), values[formerName(number)]] as const);
  return {
    ...(values[SIGNING.nextPublic] === undefined
      ? {}
      : { "0": values[SIGNING.nextPublic] + (values[SIGNING.nextPrivate] ?? "") }),
    ...Object.fromEntries(formers.filter((entry): entry is [string, string] => entry[1] !== undefined)),
    [String(signing)]: (values[SIGNING.public] ?? "") + (values[SIGNING.private] ?? ""),
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

/** What is wrong with the core Secret's values, in words; undefined where nothing is. Never names a value. */
export function signingProblem(values: Values): string | undefined {
  for (const name of [SIGNING.private, SIGNING.public])
    if (!isHalf(name, values[name])) return `${name} is not ${wordsOf(name)} in PEM`;
  const wrong = Object.keys(values).find((name) => name !== SIGNING.number && !isHalf(name, values[name]));
  if (wrong !== undefined) return `${wrong} is not ${wordsOf(wrong)} in PEM`;
  return /^[1-9][0-9]*$/.test(values[SIGNING.number] ?? "1")
    ? undefined
    : `${SIGNING.number} is not a number from 1 on`;
}

const isPrivate = (name: string): boolean => name.endsWith(SIGNING.private);
const wordsOf = (name: string): string => (isPrivate(name) ? "a private key" : "a public key");
const isHalf = (name: string, text = ""): boolean =>
  text.startsWith(isPrivate(name) ? "-----BEGIN PRIVATE KEY-----\n" : "-----BEGIN PUBLIC KEY-----\n");
