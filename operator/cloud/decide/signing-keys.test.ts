import { createPrivateKey, createPublicKey, type JsonWebKey, sign, verify } from "node:crypto";
import { describe, expect, test } from "vitest";
import { mayTokensBeOut } from "./fernet.ts";
import type { Values } from "./key-table.ts";
import { decideRotation } from "./rotation.ts";
import { jwksOf, MOST_PAIRS, pairsOf, SIGNING, signingPair, signingProblem, valuesOfPairs } from "./signing-keys.ts";

const HOUR = 3_600_000;
const start = Date.parse("2026-11-25T10:00:00Z");
const first = valuesOfPairs({ "0": signingPair(), "1": signingPair() });
const without = (name: string): Values => Object.fromEntries(Object.entries(first).filter(([key]) => key !== name));
const cut = (first[SIGNING.public] ?? "").slice(0, 60);
const message = Buffer.from("token");
const signed = (values: Values) => sign("sha256", message, createPrivateKey(values[SIGNING.private] ?? ""));
/** Whether Keystone, which tries each public key, takes what was signed. */
const taken = (values: Values, signature: Buffer): boolean =>
  Object.entries(values).some(
    ([name, text]) => name.endsWith("public.pem") && verify("sha256", message, createPublicKey(text), signature),
  );

/** The core Secret after each of so many rotations, one every `everyMs`. */
function rotated(times: number, everyMs: number): readonly Values[] {
  const history: Values[] = [first];
  let usedSince: Readonly<Record<string, string>> = { "1": new Date(start).toISOString() };
  for (let time = 1; time <= times; time += 1) {
    const now = new Date(start + time * everyMs);
    const since = usedSince;
    const decision = decideRotation({
      keys: pairsOf(history.at(-1) ?? {}),
      usedSince: since,
      now,
      everyMs,
      requestedAt: undefined,
      answeredRequest: undefined,
      readersUp: true,
      needed: (number) => mayTokensBeOut(number, { usedSince: since, now, tokenLifetimeMs: HOUR }),
      make: signingPair,
      most: MOST_PAIRS,
    });
    if (decision.kind !== "rotate") throw new Error(JSON.stringify(decision));
    usedSince = decision.usedSince;
    history.push(valuesOfPairs(decision.keys));
  }
  return history;
}

describe("pairs that sign tokens", () => {
  test("stand in a core Secret as numbered keys do, both ways", () => {
    for (const values of rotated(12, 24 * HOUR)) {
      expect(valuesOfPairs(pairsOf(values))).toEqual(values);
      expect(signingProblem(values)).toBeUndefined();
    }
  });

  test("rotate: what signs now was known before, and what was signed is taken as long as tokens may be out", () => {
    const history = rotated(12, 24 * HOUR);
    history.forEach((values, at) => {
      const [before, signature] = [history[at - 1], signed(values)];
      // Replicas read the new keys one after another: who has not yet knows the key that signs.
      if (before !== undefined) expect(taken(before, signature)).toBe(true);
      // An hour's life, and two days in which a service may still use it.
      for (const later of history.slice(at, at + 4)) expect(taken(later, signature)).toBe(true);
      const gone = history[at + 4];
      if (gone !== undefined) expect(taken(gone, signature)).toBe(false);
    });
  });

  test("that rotate so often that their names are used up are not rotated", () => {
    expect(() => rotated(12, HOUR)).toThrow(/more than 10 keys would have to be held: rotate less often/);
  });

  test("of before there was a next one get one, which does not sign before every replica can have it", () => {
    const { [SIGNING.private]: privateKey = "", [SIGNING.public]: publicKey = "" } = first;
    const old = { [SIGNING.private]: privateKey, [SIGNING.public]: publicKey };
    expect(signingProblem(old)).toBeUndefined();
    expect(pairsOf(old)).toEqual({ "1": publicKey + privateKey });
    const at = (ms: number, keys: Values, usedSince: Readonly<Record<string, string>>) =>
      decideRotation({
        keys,
        usedSince,
        now: new Date(start + 100 * HOUR + ms),
        everyMs: 24 * HOUR,
        requestedAt: undefined,
        answeredRequest: undefined,
        readersUp: true,
        needed: () => true,
        make: signingPair,
        most: MOST_PAIRS,
      });
    const added = at(0, pairsOf(old), { "1": new Date(start).toISOString() });
    if (added.kind !== "rotate") throw new Error(JSON.stringify(added));
    expect(Object.keys(added.keys)).toEqual(["0", "1"]);
    // It is overdue, and waits all the same.
    expect(at(1_000, added.keys, added.usedSince)).toMatchObject({ kind: "refuse" });
    const rotation = at(181_000, added.keys, added.usedSince);
    expect(rotation).toMatchObject({ kind: "rotate", keys: { "2": added.keys["0"] } });
    expect(rotation.kind === "rotate" && rotation.usedSince).not.toHaveProperty("0");
  });

  test("are told to others by their public halves alone, the next one before it signs", () => {
    const formers = { ...first, "former-3.public.pem": first[SIGNING.public] ?? "" };
    const jwks = jwksOf(formers);
    expect(jwks).not.toMatch(/"d"|PRIVATE/);
    const { keys } = JSON.parse(jwks) as { readonly keys: readonly JsonWebKey[] };
    expect(keys).toHaveLength(3);
    const told = keys.map((key) => createPublicKey({ key, format: "jwk" }).export({ type: "spki", format: "pem" }));
    expect(new Set(told)).toEqual(new Set([first[SIGNING.public], first[SIGNING.nextPublic]]));
    expect(told[0]).toBe(first[SIGNING.public]);
    // Whatever the order of the core Secret's fields is.
    expect(jwksOf(Object.fromEntries(Object.entries(formers).toReversed()))).toBe(jwks);
  });

  test("put back by hand without their last line's end, or with others, are what they were", () => {
    const brought = Object.fromEntries(
      Object.entries(first).map(([name, text]) => [name, text.trimEnd().replaceAll("\n", "\r\n")]),
    );
    expect(signingProblem(brought)).toBeUndefined();
    expect(valuesOfPairs(pairsOf(brought))).toEqual(first);
  });

  test.each<[string, Values, string]>([
    ["nothing", {}, "private.pem is not a private key of P-256 in PEM"],
    ["no public half", without(SIGNING.public), "public.pem is not a public key of P-256 in PEM"],
    [
      "a former one",
      { ...first, "former-3.public.pem": "x" },
      "former-3.public.pem is not a public key of P-256 in PEM",
    ],
    ["a cut one", { ...first, [SIGNING.public]: cut }, "public.pem is not a public key of P-256 in PEM"],
    [
      "a private key where a public one must be",
      { ...first, [SIGNING.nextPublic]: first[SIGNING.private] ?? "" },
      "next.public.pem is not a public key of P-256 in PEM",
    ],
    [
      "another pair's half",
      { ...first, [SIGNING.public]: first[SIGNING.nextPublic] ?? "" },
      "public.pem is not the public half of private.pem",
    ],
    [
      "half of the next pair",
      without(SIGNING.nextPrivate),
      "next.private.pem and next.public.pem must both be there, or neither",
    ],
    ["the number", { ...first, [SIGNING.number]: "0" }, "number is not a number from 1 on"],
  ])("that were damaged by hand are said to be: %s", (_what, values, problem) => {
    expect(signingProblem(values)).toBe(problem);
  });
});
