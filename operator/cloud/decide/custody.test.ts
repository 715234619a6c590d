import { describe, expect, test } from "vitest";
import type { KeyName } from "../names.ts";
import { type CustodyFacts, decideCustody } from "./custody.ts";
import { heldKeys, type Values } from "./key-table.ts";

const keys = heldKeys({ identity: { tokenFormat: "jws" } as never });
const all = keys.map(({ name }) => name);
const madeOf = (names: readonly KeyName[]): Map<KeyName, Values> =>
  new Map(keys.filter(({ name }) => names.includes(name)).map(({ name, make }) => [name, make()]));

const facts = (over: Partial<CustodyFacts>): CustodyFacts => ({
  keys,
  held: madeOf(all),
  recorded: new Set(all),
  dataExists: true,
  ...over,
});

describe("keys", () => {
  test("that are all there and recorded are left alone", () => {
    expect(decideCustody(facts({}))).toEqual({ kind: "held" });
  });

  test("of a new Cloud are made", () => {
    const decision = decideCustody(facts({ held: new Map(), recorded: undefined, dataExists: false }));
    expect(decision).toEqual({ kind: "make", keys });
  });

  test("are made on after a crash between two of them", () => {
    const decision = decideCustody(facts({ held: madeOf(["database"]), recorded: undefined, dataExists: false }));
    expect(decision).toMatchObject({ kind: "make" });
    expect(decision.kind === "make" && decision.keys.map(({ name }) => name)).toEqual(all.slice(1));
  });

  test("are recorded before anything uses them", () => {
    expect(decideCustody(facts({ recorded: undefined, dataExists: false }))).toEqual({ kind: "record", names: all });
  });

  test.each(all)("that were made once are never made anew: %s", (gone) => {
    const held = madeOf(all.filter((name) => name !== gone));
    for (const dataExists of [true, false]) {
      expect(decideCustody(facts({ held, dataExists }))).toMatchObject({ kind: "lost", keys: [{ name: gone }] });
    }
  });

  test("are not made over a volume that exists where their record is gone too", () => {
    expect(decideCustody(facts({ held: new Map(), recorded: undefined }))).toEqual({ kind: "lost", keys });
  });

  test("of a kind that came later are made beside data that exists", () => {
    const older = all.filter((name) => name !== "jws");
    const decision = decideCustody(facts({ held: madeOf(older), recorded: new Set(older) }));
    expect(decision).toMatchObject({ kind: "make", keys: [{ name: "jws" }] });
  });

  test("that lost their record alone are recorded again", () => {
    expect(decideCustody(facts({ recorded: undefined }))).toEqual({ kind: "record", names: all });
  });

  test.each<[KeyName, Values, string]>([
    ["fernet", { "0": "x", "1": "y" }, "0 is not the base64url of 32 bytes"],
    ["fernet", {}, "it must hold 0 and at least one key more"],
    ["credential", { primary: "x" }, "primary is no number"],
    ["kek", {}, "it must hold at least one key beside 0"],
    ["jws", { "private.pem": "x" }, "private.pem is not a private key of P-256 in PEM"],
    ["database", { postgres: "x" }, "postgres-user is missing or empty"],
    ["operator", { username: "nephele", password: "" }, "password is missing or empty"],
  ])("that were damaged by hand are said to be: %s", (name, values, problem) => {
    const held = madeOf(all).set(name, values);
    expect(decideCustody(facts({ held }))).toEqual({ kind: "damaged", name, problem });
  });
});

test("what is made has no fault of its own, and is never the same twice", () => {
  for (const { make, problem } of keys) {
    expect(problem(make())).toBeUndefined();
    expect(make()).not.toEqual(make());
  }
});
