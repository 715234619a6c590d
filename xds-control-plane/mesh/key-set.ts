import { createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";

/**
 * How many keys a set may hold. A token that names none, which anybody can write, is tried by one after another, and each costs Envoy some
 * 0.06 ms.
 */
const keysAtMost = 16;

/** Of RFC 7518 and RFC 8037: who has one of these can sign. */
const privateFields = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] as const;

const ofRsa = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
/** What Envoy verifies: algorithms by a key's type and curve. */
const algorithms: ReadonlyMap<string, readonly string[]> = new Map([
  ["EC P-256", ["ES256"]],
  ["EC P-384", ["ES384"]],
  ["EC P-521", ["ES512"]],
  ["OKP Ed25519", ["EdDSA"]],
  ["RSA", ofRsa],
]);

/** Lengths of RSA keys, bits: the least by RFC 7518 (3.3, 3.5), the most by what a check may cost. */
const rsaBits = { least: 2_048, most: 8_192 } as const;

/** Why a text is no JSON Web Key Set (RFC 7517) of public keys by which tokens can be checked. */
export function jwksProblem(text: string): string | undefined {
  const read = readKeySet(text);
  return typeof read === "string" ? read : undefined;
}

/**
 * A key set without a problem as Envoy is told of it: written anew, of what is known of its keys and nothing else. Envoy's reader takes
 * less than JSON's rules allow (a field that stands twice, say), and passes over a key that it does not understand. A set that it
 * refused would keep every later change from whoever the listener serves.
 */
export function canonicalJwks(text: string): string {
  const keys = readKeySet(text);
  if (typeof keys === "string") throw new Error(`a key set that was not checked: ${keys}`);
  return JSON.stringify({ keys });
}

function readKeySet(text: string): readonly JsonWebKey[] | string {
  let keys: unknown;
  try {
    ({ keys } = JSON.parse(text) as { keys?: unknown });
  } catch {
    return "it is no JSON Web Key Set";
  }
  if (!Array.isArray(keys) || keys.length === 0) return "it holds no keys";
  if (keys.length > keysAtMost) return `it holds ${keys.length} keys: ${keysAtMost} at most`;
  const read: JsonWebKey[] = [];
  for (const [at, each] of keys.entries()) {
    const key = readKey(each);
    if (typeof key === "string") return `keys[${at}] ${key}`;
    if (key !== undefined) read.push(key);
  }
  return read.length === 0 ? "it holds no keys for signatures" : read;
}

/** A key of the set; undefined for one that is for encryption. Judged by its fields: of a private key a public one can be made, too. */
function readKey(key: unknown): JsonWebKey | string | undefined {
  if (typeof key !== "object" || key === null) return "is no public key";
  if (privateFields.some((field) => field in key)) return "is a private key, which is given away: replace it";
  const { kty, crv, alg, use, kid } = key as Readonly<Record<string, unknown>>;
  if (use === "enc") return undefined;
  const fitting = algorithms.get([kty, crv].filter((each) => typeof each === "string").join(" "));
  if (fitting === undefined) return "is of no kind that proxies verify: RSA, P-256, P-384, P-521 or Ed25519";
  if (alg !== undefined && !fitting.includes(alg as string)) return `is for another alg than ${fitting.join(", ")}`;
  const read = publicKey(key);
  if (read === undefined) return "is no public key";
  const problem = kty === "RSA" ? rsaProblem(read) : undefined;
  if (problem !== undefined) return problem;
  return {
    ...read.export({ format: "jwk" }),
    ...(alg === undefined ? {} : { alg }),
    ...(typeof kid === "string" && kid.isWellFormed() ? { kid } : {}),
  };
}

function publicKey(key: object): KeyObject | undefined {
  try {
    return createPublicKey({ key: key as JsonWebKey, format: "jwk" });
  } catch {
    return undefined;
  }
}

/** Envoy takes odd numbers, and exponents of at most 33 bits. */
function rsaProblem(key: KeyObject): string | undefined {
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  if (modulusLength < rsaBits.least || modulusLength > rsaBits.most)
    return `is of ${modulusLength} bits: RSA keys have ${rsaBits.least} to ${rsaBits.most}`;
  const last = Buffer.from(key.export({ format: "jwk" }).n ?? "", "base64url").at(-1) ?? 0;
  const isPair = last % 2 === 1 && publicExponent >= 3n && publicExponent < 2n ** 33n && publicExponent % 2n === 1n;
  return isPair ? undefined : "is no public key";
}
