import { describe, expect, test } from "vitest";
import type { SecretStatusVersion } from "#operator/api/generated/secret.ts";
import { gather, type Marked } from "./gather.ts";
import type { ListedSecret } from "./key-manager.ts";
import type { Mark } from "./mark.ts";

const now = new Date("2026-11-23T12:00:00Z");
const earlier = new Date("2026-11-23T11:00:00Z");
const REF = "https://barbican.example.org/v1/secrets/";

function listed(id: string, changes: Partial<ListedSecret> = {}): ListedSecret {
  return { id, name: "db", type: "passphrase", createdAt: earlier, hasPayload: true, consumers: [], ...changes };
}

function mark(version: number, changes: Partial<Mark> = {}): Mark {
  const identity = { installation: "local", object: "team-a/db" };
  return { ...identity, version, part: "secret", createdAt: earlier, retain: false, ...changes };
}

function entry(version: number, id: string, changes: Partial<SecretStatusVersion> = {}): SecretStatusVersion {
  return { version, refs: { secret: REF + id }, createdAt: "2026-11-23T11:00:00Z", ...changes };
}

interface Case {
  readonly name: string;
  readonly known?: readonly SecretStatusVersion[];
  readonly marked?: readonly Marked[];
  readonly there?: readonly ListedSecret[];
  /** `version:secret:state`. */
  readonly versions: readonly string[];
  readonly strays?: readonly string[];
}

const pair = { secret: `${REF}a`, publicKey: `${REF}p` };

const cases: readonly Case[] = [
  { name: "nothing known and nothing marked is nothing", versions: [] },
  {
    name: "what the status names and Barbican lists is ready",
    known: [entry(1, "a")],
    there: [listed("a")],
    versions: ["1:a:ready"],
  },
  { name: "what Barbican does not list is gone", known: [entry(1, "a")], versions: ["1:a:gone"] },
  {
    name: "what Barbican does not list because its time is over is expired",
    known: [entry(1, "a", { expiresAt: "2026-11-23T12:00:00Z" })],
    versions: ["1:a:expired"],
  },
  {
    name: "a pair whose public half is missing is gone",
    known: [entry(1, "a", { refs: pair })],
    there: [listed("a")],
    versions: ["1:a:gone"],
  },
  {
    name: "a marked secret that the status does not know is taken in",
    known: [entry(1, "a")],
    marked: [{ listed: listed("b"), mark: mark(2) }],
    there: [listed("a"), listed("b")],
    versions: ["1:a:ready", "2:b:ready"],
  },
  {
    name: "a marked secret without payload is one that was begun",
    marked: [{ listed: listed("a", { hasPayload: false }), mark: mark(1) }],
    there: [listed("a", { hasPayload: false })],
    versions: ["1:a:empty"],
  },
  {
    name: "of two that were marked for one version the one with a payload counts",
    marked: [
      { listed: listed("a", { hasPayload: false }), mark: mark(1) },
      { listed: listed("b"), mark: mark(1) },
    ],
    there: [listed("a", { hasPayload: false }), listed("b")],
    versions: ["1:b:ready"],
    strays: ["a"],
  },
  {
    name: "a second one of a version that the status names is a stray",
    known: [entry(1, "a")],
    marked: [{ listed: listed("b"), mark: mark(1) }],
    there: [listed("a"), listed("b")],
    versions: ["1:a:ready"],
    strays: ["b"],
  },
  {
    name: "a version made again after the one in the status was deleted takes its place",
    known: [entry(1, "a")],
    marked: [{ listed: listed("b"), mark: mark(1) }],
    there: [listed("b")],
    versions: ["1:b:ready"],
  },
  {
    name: "a public half waits for its order to be taken in",
    marked: [{ listed: listed("p", { type: "public" }), mark: mark(1, { part: "public" }) }],
    there: [listed("p", { type: "public" })],
    versions: [],
  },
];

describe("gather", () => {
  test.each(cases)("$name", ({ known = [], marked = [], there = [], versions, strays = [] }) => {
    const gathered = gather(known, marked, new Map(there.map((secret) => [secret.id, secret])), now);
    const told = gathered.versions.map(({ version, parts, state }) => `${version}:${parts.secret}:${state}`);
    expect(told).toEqual(versions);
    expect(gathered.strays).toEqual(strays);
  });

  test("a lost status comes back from the marks with all parts of a pair", () => {
    const secret = listed("a", { type: "private" });
    const half = listed("p", { type: "public" });
    const marked = [
      { listed: half, mark: mark(2, { part: "public" }) },
      { listed: secret, mark: mark(2, { container: "c", order: "o" }) },
    ];
    const { versions } = gather([], marked, new Map([secret, half].map((one) => [one.id, one])), now);
    expect(versions).toEqual([
      {
        version: 2,
        parts: { secret: "a", publicKey: "p", container: "c", order: "o" },
        createdAt: earlier,
        state: "ready",
      },
    ]);
  });
});
