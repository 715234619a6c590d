import { afterEach, expect, test } from "vitest";
import { auditLogger, createLogger } from "#runtime/observe/log.ts";
import { Policies } from "../policy/policies.ts";
import { poolLimits } from "../policy/pool.ts";
import { misbehaviour, tinyBundle } from "../testing/tiny-policy.ts";
import { decide } from "./decide.ts";
import type { Plain } from "./struct.ts";

const canary = "canary-7f3a";
const caller = "spiffe://mesh.test/ns/a/sa/web";
const request: Plain = {
  attributes: {
    source: { principal: caller },
    request: {
      http: {
        method: "GET",
        path: `/v3/users?token=${canary}`,
        headers: { "x-auth-token": canary, authorization: `Bearer ${canary}`, cookie: canary },
        body: canary,
      },
    },
    metadataContext: {
      filterMetadata: { "envoy.filters.http.jwt_authn": { fields: { keystone: { stringValue: canary } } } },
    },
  },
};

let lines: string[] = [];
let policies: Policies | undefined;
afterEach(async () => {
  lines = [];
  await policies?.close();
});

/** Decides by a bundle; without one by none. */
async function decided(packed: Uint8Array | undefined, asked: Plain = request) {
  // The level is above that of decisions: they are on record all the same.
  const log = createLogger({ level: "error", destination: { write: (line: string) => void lines.push(line) } });
  policies = new Policies(log, () => undefined, { ...poolLimits, workers: 1, deadlineMs: 20_000, waitMs: 20_000 });
  if (packed !== undefined) await policies.offer(packed);
  const observed: string[] = [];
  const verdict = await decide(
    { policy: () => policies?.current, record: auditLogger(log), observe: (kind) => observed.push(kind) },
    () => asked,
  );
  const record = lines.map((line) => JSON.parse(line) as Plain).find(({ msg }) => msg === "decided");
  expect(observed).toEqual([verdict.kind]);
  expect(lines.join("")).not.toContain(canary);
  return { verdict, record };
}

test("a decision is on record with its reason, and nothing that is secret", { timeout: 120_000 }, async () => {
  const resultSet = [{ result: { allowed: true, reason: "a member reads", headers: { "x-policy": canary } } }];
  const { verdict, record } = await decided(await tinyBundle({ revision: "r1", resultSet }));
  expect(verdict).toMatchObject({ kind: "allowed" });
  expect(record).toEqual({
    level: "info",
    time: expect.any(String),
    decision: expect.stringMatching(/^[0-9a-f-]{36}$/),
    revision: "r1",
    caller,
    method: "GET",
    path: "/v3/users",
    allowed: true,
    reason: "a member reads",
    microseconds: expect.any(Number),
    msg: "decided",
  });
});

test("a refusal has its status", { timeout: 120_000 }, async () => {
  const resultSet = [{ result: { allowed: false, http_status: 401, reason: "no token", body: canary } }];
  const { verdict, record } = await decided(await tinyBundle({ resultSet }));
  expect(verdict).toMatchObject({ kind: "denied", status: 401 });
  expect(record).toMatchObject({ allowed: false, status: 401, reason: "no token" });
});

test("without a good bundle nothing is allowed", { timeout: 120_000 }, async () => {
  for (const packed of [undefined, Buffer.from("no bundle")]) {
    const { verdict, record } = await decided(packed);
    expect(verdict).toEqual({ kind: "failed", reason: "there is no good bundle" });
    expect(record).toMatchObject({ allowed: false, status: 503, reason: "there is no good bundle" });
    lines = [];
  }
});

test("a decision that is none, and a policy that says nothing, refuse", { timeout: 120_000 }, async () => {
  expect(await decided(await tinyBundle({ resultSet: [{ result: "yes" }] }))).toMatchObject({
    record: { allowed: false, status: 503, reason: "the decision is a string, neither a boolean nor an object" },
  });
  lines = [];
  expect(await decided(await tinyBundle({ resultSet: [] }))).toMatchObject({
    record: { allowed: false, status: 403, reason: "the policy decides nothing for such a request" },
  });
});

test("a request that cannot be read is refused by whatever policy", { timeout: 120_000 }, async () => {
  const asked = { attributes: { request: { http: { method: "GET", path: `/%ff?${canary}` } } } };
  const { verdict, record } = await decided(await tinyBundle(), asked);
  expect(verdict).toMatchObject({ kind: "denied", status: 400 });
  expect(record).toMatchObject({ allowed: false, status: 400, reason: "a path whose escapes are no UTF-8" });
});

test("where too many wait a request is refused before it is read; without a thread nobody can be decided on", {
  timeout: 120_000,
}, async () => {
  const log = createLogger({ level: "info", destination: { write: (line: string) => void lines.push(line) } });
  const limits = { ...poolLimits, workers: 1, deadlineMs: 2_000, waitMs: 20_000, waiting: 1 };
  policies = new Policies(log, () => undefined, limits);
  expect(policies.notReady).toBe("there is no good bundle: it is not read yet");
  await policies.offer(await tinyBundle());
  expect(policies.notReady).toBeUndefined();
  const stuck = policies.current?.pool.evaluate(misbehaviour.loops);
  const waits = policies.current?.pool.evaluate("{}");
  const deciding = { policy: () => policies?.current, record: auditLogger(log), observe: () => undefined };
  const verdict = await decide(deciding, () => {
    throw new Error("it is read");
  });
  const reason = "too many requests wait for a decision";
  expect(verdict).toEqual({ kind: "failed", reason });
  expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ allowed: false, status: 503, reason });
  expect(await stuck).toMatchObject({ kind: "failed" });
  expect(policies.notReady).toBe("no thread of the policy is ready");
  expect(await waits).toMatchObject({ kind: "result" });
  expect(policies.notReady).toBeUndefined();
});

test("a bundle that was not loaded for a passing reason is good as soon as it can be", {
  timeout: 120_000,
}, async () => {
  const log = createLogger({ level: "info", destination: { write: (line: string) => void lines.push(line) } });
  const limits = { ...poolLimits, workers: 1, startMs: 1 };
  policies = new Policies(log, () => undefined, limits);
  const packed = await tinyBundle({ revision: "r1" });
  expect(await policies.offer(packed)).toBe("again");
  expect(policies.problem).toBe("its thread was not ready within 1 ms");
  limits.startMs = 60_000;
  expect(await policies.offer(packed)).toBe("settled");
  expect([policies.problem, policies.current?.revision]).toEqual([undefined, "r1"]);
  for (const bad of [Buffer.from("no bundle"), await tinyBundle({ builtIns: ["http.send"] })]) {
    expect(await policies.offer(bad)).toBe("settled");
  }
});

test("the last good bundle goes on when a newer one is no good; what was refused is said until another comes", {
  timeout: 120_000,
}, async () => {
  const log = createLogger({ level: "info", destination: { write: (line: string) => void lines.push(line) } });
  policies = new Policies(log, () => undefined, { ...poolLimits, workers: 1, deadlineMs: 20_000, waitMs: 20_000 });
  const decides = (): Promise<unknown> | undefined => policies?.current?.pool.evaluate("{}");
  await policies.offer(await tinyBundle({ revision: "r1", resultSet: [{ result: 1 }] }));
  expect(await decides()).toMatchObject({ resultSet: [{ result: 1 }] });

  await policies.offer(Buffer.from("no bundle"));
  expect(policies.problem).toBe("it is not a whole gzip file");
  await policies.offer(await tinyBundle({ revision: "r2", builtIns: ["http.send"] }));
  expect(policies.problem).toContain("http.send");
  policies.refuse("it is gone");
  expect([policies.problem, policies.current?.revision]).toEqual(["it is gone", "r1"]);
  expect(await decides()).toMatchObject({ resultSet: [{ result: 1 }] });
  const said = lines.filter((line) => line.includes("the last good one goes on"));
  expect(said).toHaveLength(3);

  // What is asked of the former is answered while the next takes over.
  const before = policies.current?.pool.evaluate(misbehaviour.traps);
  await policies.offer(await tinyBundle({ revision: "r3", resultSet: [{ result: 3 }] }));
  expect([policies.problem, policies.current?.revision]).toEqual([undefined, "r3"]);
  expect(await before).toEqual({ kind: "failed", why: "unreachable" });
  expect(await decides()).toMatchObject({ resultSet: [{ result: 3 }] });
});
