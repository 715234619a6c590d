import { execFileSync } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { decideTrust, type RootOwner, type TrustFacts, type TrustWrite } from "./decide.ts";
import { makeRoot } from "./root-certificate.ts";

const now = new Date("2026-11-26T10:00:00Z");
const root = makeRoot("cloud.test", now);

describe("what is done about an installation's trust", () => {
  const fresh: TrustFacts = {
    trustDomain: "cloud.test",
    rootOwner: "ours",
    recorded: undefined,
    root: undefined,
    dataExists: false,
    now,
  };
  const recorded = { trustDomain: "cloud.test", root: "ours" } as const;
  const theirs = { trustDomain: "cloud.test", root: "theirs" } as const;
  /** Of before whose root it is was recorded. */
  const early = { trustDomain: "cloud.test", root: undefined } as const;
  const old = { ...recorded, trustDomain: "old.test" };
  const other = makeRoot("cloud.test", now);

  test.each<readonly [string, Partial<TrustFacts>, readonly TrustWrite[]]>([
    ["a new installation gets a root", {}, ["root", "bundle", "record"]],
    ["one whose root was made, and not yet recorded, keeps it", { root }, ["bundle", "record"]],
    ["one that is recorded is left as it is", { recorded, root, dataExists: true }, ["bundle"]],
    ["one of an early record with a root, too", { recorded: early, root, dataExists: true }, ["bundle"]],
    ["an authority of the user's needs no root", { rootOwner: "theirs" }, ["bundle", "record"]],
    ["neither when it is recorded", { rootOwner: "theirs", recorded: theirs }, ["bundle"]],
    ["nor by an early record", { rootOwner: "theirs", recorded: early, dataExists: true }, ["bundle"]],
    ["a root that nobody has used yet binds nobody", { rootOwner: "theirs", root }, ["bundle", "record"]],
  ])("%s", (_says, facts, writes) => {
    expect(decideTrust({ ...fresh, ...facts })).toEqual({ kind: "write", writes });
  });

  test.each<readonly [RootOwner, number, number]>([
    ["ours", 0, 1],
    ["ours", 1, 0],
    ["ours", 2, 0],
    ["ours", 3, 0],
    ["theirs", 0, 0],
    ["theirs", 1, 0],
    ["theirs", 2, 0],
  ])("with a root of %s, killed after %i writes, the next run ends it and makes %i roots", (rootOwner, done, roots) => {
    const first = decideTrust({ ...fresh, rootOwner });
    if (first.kind !== "write") throw new Error(first.problem);
    const there = first.writes.slice(0, done);
    const facts: TrustFacts = {
      ...fresh,
      rootOwner,
      root: there.includes("root") ? root : undefined,
      recorded: there.includes("record") ? { trustDomain: "cloud.test", root: rootOwner } : undefined,
    };
    const next = decideTrust(facts);
    if (next.kind !== "write") throw new Error(next.problem);
    expect(new Set([...there, ...next.writes])).toEqual(new Set(first.writes));
    expect(next.writes.filter((write) => write === "root")).toHaveLength(roots);
    // A record is there once.
    expect([...there, ...next.writes].filter((write) => write === "record")).toHaveLength(1);
  });

  test.each<readonly [string, Partial<TrustFacts>, RegExp]>([
    ["another trust domain", { recorded: old, root }, /is cloud\.test, and this installation's is old\.test/],
    ["another trust domain without a root", { recorded: old, rootOwner: "theirs" }, /Set spire\.trustDomain back/],
    ["a root that was recorded and is gone", { recorded }, /nephele-spire-root is not there.*not made anew/s],
    ["a root that is gone, and its record with it", { dataExists: true }, /put it back from a backup/],
    [
      "no root where an early record does not tell whose",
      { recorded: early },
      /backup.*Where it was never there.*back to it/,
    ],
    [
      "a root of ours after one of theirs",
      { recorded: theirs, dataExists: true },
      /^spire\.upstream\.kind is disk.*Set spire\.upstream\.kind back;/,
    ],
    [
      "a root of theirs after one of ours",
      { recorded, root, rootOwner: "theirs" },
      /is not disk.*cannot be exchanged.*back to disk/,
    ],
    ["the same when ours is lost", { recorded, rootOwner: "theirs" }, /back to disk/],
    ["the same by an early record", { recorded: early, root, rootOwner: "theirs" }, /back to disk/],
    ["the same when the record is lost", { dataExists: true, root, rootOwner: "theirs" }, /back to disk/],
    ["a half of a root", { root: { certificate: root.certificate } }, /has no tls\.crt and tls\.key/],
    ["a key of another root", { root: { ...root, key: other.key } }, /a key that is not its certificate's/],
    ["what is no key", { root: { ...root, key: "SECRET" } }, /cannot be read/],
    ["a root that has expired", { root, now: new Date("2037-01-01T00:00:00Z") }, /expired at 2036-11-26/],
  ])("%s is refused", (_says, facts, problem) => {
    const decision = decideTrust({ ...fresh, ...facts });
    expect(decision).toEqual({ kind: "refuse", problem: expect.stringMatching(problem) as string });
    expect(JSON.stringify(decision)).not.toMatch(/SECRET|BEGIN/);
  });
});

describe("a root", () => {
  const certificate = new X509Certificate(root.certificate);

  test("is an authority of the trust domain, for ten years, signed by its own key", () => {
    expect(certificate.ca).toBe(true);
    expect(certificate.subjectAltName).toBe("URI:spiffe://cloud.test");
    expect(certificate.validFromDate < now).toBe(true);
    expect(certificate.validToDate).toEqual(new Date("2036-11-26T10:00:00Z"));
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(root.key))).toBe(true);
  });

  test("is of a key and a number of its own each time", () => {
    const again = new X509Certificate(makeRoot("cloud.test", now).certificate);
    expect(again.serialNumber).not.toBe(certificate.serialNumber);
    expect(again.publicKey.equals(certificate.publicKey)).toBe(false);
  });

  test("lets OpenSSL believe an intermediate's leaf, and no authority below the intermediate", () => {
    const folder = mkdtempSync(join(tmpdir(), "root-"));
    try {
      const openssl = (...args: readonly string[]): string =>
        execFileSync("openssl", [...args], { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
      const ofToday = makeRoot("cloud.test", new Date());
      writeFileSync(join(folder, "root.pem"), ofToday.certificate);
      writeFileSync(join(folder, "root.key"), ofToday.key);
      writeFileSync(join(folder, "ca.ext"), "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n");
      writeFileSync(
        join(folder, "leaf.ext"),
        "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n",
      );
      const issue = (name: string, by: string, extensions: string): void => {
        const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        openssl("req", ...ec, "-keyout", `${name}.key`, "-subj", `/CN=${name}`, "-out", `${name}.csr`);
        const signing = ["-CA", `${by}.pem`, "-CAkey", `${by}.key`, "-CAcreateserial", "-extfile", extensions];
        openssl("x509", "-req", "-in", `${name}.csr`, ...signing, "-days", "1", "-out", `${name}.pem`);
      };
      issue("intermediate", "root", "ca.ext");
      issue("leaf", "intermediate", "leaf.ext");
      issue("nested", "intermediate", "ca.ext");
      issue("nested-leaf", "nested", "leaf.ext");
      const verify = (leaf: string, ...between: readonly string[]): string =>
        openssl("verify", "-CAfile", "root.pem", ...between.flatMap((pem) => ["-untrusted", pem]), leaf);
      expect(verify("leaf.pem", "intermediate.pem")).toContain("leaf.pem: OK");
      expect(() => verify("nested-leaf.pem", "intermediate.pem", "nested.pem")).toThrow(
        /path length constraint exceeded/,
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
