import type { Worker } from "node:worker_threads";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readBundle } from "../bundle/bundle.ts";
import { misbehaviour, type TinyBundle, tinyBundle } from "../testing/tiny-policy.ts";
import { Pool, type PoolLimits, poolLimits, UnfitPolicy } from "./pool.ts";

const open: Pool[] = [];
/** All that were started in a test, in their order. */
const threads: Worker[] = [];
const onThread = (thread: Worker): void => void threads.push(thread);
beforeEach(() => {
  threads.length = 0;
  process.on("worker", onThread);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((pool) => pool.close()));
  process.off("worker", onThread);
});

const ended: string[] = [];

async function poolOf(bundle: TinyBundle = {}, limits: Partial<PoolLimits> = {}): Promise<Pool> {
  ended.length = 0;
  const all = { ...poolLimits, workers: 2, ...limits };
  const pool = await Pool.open(await readBundle(await tinyBundle(bundle)), all, (why) => ended.push(why));
  open.push(pool);
  return pool;
}

const soon = { timeout: 30_000 };
const allowed = { kind: "result", resultSet: [{ result: true }] };
/** Whatever the machine has to do beside, it is over by then. */
const patient = { deadlineMs: 20_000, waitMs: 20_000 };

test("a policy is asked in several threads, and each input gets its answer", { timeout: 120_000 }, async () => {
  const pool = await poolOf({}, patient);
  const answers = await Promise.all(Array.from({ length: 100 }, () => pool.evaluate("{}")));
  expect(answers).toEqual(Array.from({ length: 100 }, () => allowed));
  expect(ended).toEqual([]);
});

test("an evaluation without end is ended at its deadline; the other thread goes on, and another takes the place", {
  timeout: 120_000,
}, async () => {
  const pool = await poolOf({}, { deadlineMs: 500 });
  const stuck = pool.evaluate(misbehaviour.loops);
  await expect.poll(() => pool.evaluate("{}"), soon).toEqual(allowed);
  expect(await stuck).toEqual({ kind: "failed", why: "no decision within 500 ms" });
  expect(ended).toContain("no decision within 500 ms");
  // Both threads at once, so that the one that was ended must have a successor.
  const both = [pool.evaluate(misbehaviour.loops), pool.evaluate(misbehaviour.loops)];
  await Promise.all(both);
  await expect.poll(() => pool.evaluate("{}"), soon).toEqual(allowed);
});

test("a thread that breaks after it passed its deadline is ended once, and has one successor", {
  timeout: 120_000,
}, async () => {
  const pool = await poolOf({}, { workers: 1, deadlineMs: 100, startMs: 60_000 });
  expect(await pool.evaluate(misbehaviour.loops)).toMatchObject({ kind: "failed" });
  // As one does that runs out of memory while it is being ended.
  threads[0]?.emit("error", new Error("out of memory"));
  expect(ended).toEqual(["no decision within 100 ms"]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(threads).toHaveLength(2);
});

test("who waits too long for a thread is told so, and no thread is ended for it; more than may wait fail at once", {
  timeout: 120_000,
}, async () => {
  const pool = await poolOf({}, { workers: 1, deadlineMs: 2_000, waitMs: 300, waiting: 2 });
  const inputs = [misbehaviour.loops, misbehaviour.loops, "{}", "{}"].map((input) => pool.evaluate(input));
  const answers = await Promise.all(inputs);
  expect(answers.map((each) => (each.kind === "failed" ? each.why : "a result"))).toEqual([
    "no decision within 2000 ms",
    "no thread was free in time",
    "no thread was free in time",
    "too many requests wait for a decision",
  ]);
  expect(ended).toEqual(["no decision within 2000 ms"]);
});

test("of what waits for a thread there are so many bytes and no more", { timeout: 120_000 }, async () => {
  const pool = await poolOf({}, { workers: 1, deadlineMs: 2_000, waitMs: 20_000, waitingBytes: 4 });
  const answers = [misbehaviour.loops, "{}", "{ }", "{}"].map((input) => pool.evaluate(input));
  expect(pool.full).toBe("too many requests wait for a decision");
  expect(await answers[3]).toEqual({ kind: "failed", why: "too many requests wait for a decision" });
  expect(await Promise.all(answers.slice(1, 3))).toEqual([allowed, allowed]);
  expect(pool.full).toBeUndefined();
});

test("a trap fails its own decision alone", { timeout: 120_000 }, async () => {
  const pool = await poolOf({}, { workers: 1, ...patient });
  expect(await pool.evaluate(misbehaviour.traps)).toEqual({ kind: "failed", why: "unreachable" });
  expect(await pool.evaluate("{}")).toEqual(allowed);
});

test("a policy gets the memory that it may have and no more; the next decision has all of it again", {
  timeout: 120_000,
}, async () => {
  const pool = await poolOf({}, { workers: 1, memoryBytes: 8 << 20, ...patient });
  for (let count = 0; count < 3; count += 1) {
    expect(await pool.evaluate(misbehaviour.takesAllMemory)).toEqual({ kind: "failed", why: "no memory is left" });
    expect(await pool.evaluate("{}")).toEqual(allowed);
  }
});

test("what was taken is answered before a pool closes, and nothing is taken after", { timeout: 120_000 }, async () => {
  const pool = await poolOf({}, patient);
  const last = pool.evaluate("{}");
  const closed = pool.close();
  expect(await pool.evaluate("{}")).toEqual({ kind: "failed", why: "the policy was exchanged" });
  expect(await last).toEqual(allowed);
  await closed;
});

test("a pool closes while a thread is being replaced, and says no more of it", { timeout: 120_000 }, async () => {
  // Longer than the test may last: a pool that waited until its thread is late would not close.
  const pool = await poolOf({}, { workers: 1, deadlineMs: 100, startMs: 600_000 });
  expect(await pool.evaluate(misbehaviour.loops)).toMatchObject({ kind: "failed" });
  await pool.close();
  expect(threads).toHaveLength(2);
  // Node's number of a thread that ended.
  expect(threads.map(({ threadId }) => threadId)).toEqual([-1, -1]);
  expect(ended).toEqual(["no decision within 100 ms"]);
});

test("a pool closes while a thread that did not start is to be tried again", { timeout: 120_000 }, async () => {
  const limits = { ...poolLimits, workers: 1, deadlineMs: 100 };
  ended.length = 0;
  const pool = await Pool.open(await readBundle(await tinyBundle()), limits, (why) => ended.push(why));
  limits.startMs = 1;
  expect(await pool.evaluate(misbehaviour.loops)).toMatchObject({ kind: "failed" });
  await expect.poll(() => ended, soon).toContain("its thread was not ready within 1 ms");
  await pool.close();
  const count = threads.length;
  expect(threads.map(({ threadId }) => threadId)).toEqual(threads.map(() => -1));
  await new Promise((resolve) => setImmediate(resolve));
  expect(threads).toHaveLength(count);
});

test("a policy that cannot be asked is refused before it is", { timeout: 120_000 }, async () => {
  const opened = async (bundle: TinyBundle, limits: Partial<PoolLimits> = {}): Promise<unknown> => {
    try {
      await poolOf(bundle, limits);
      return "opened";
    } catch (error) {
      expect(error).toBeInstanceOf(UnfitPolicy);
      return (error as Error).message;
    }
  };
  expect(await opened({ builtIns: ["http.send", "sprintf"] })).toBe(
    "its policy cannot be loaded: it needs built-in functions that are not here: http.send",
  );
  const manifest = { wasm: [{ entrypoint: "another/rule", module: "policy.wasm" }] };
  expect(await opened({ manifest })).toBe("its policy cannot be loaded: it has no entrypoint another/rule");
  expect(await opened({}, { memoryBytes: 1 << 20 })).toBe("its policy needs more than 1048576 bytes");
  expect(await opened({ builtIns: ["sprintf"] })).toBe("opened");
  const garbage = { revision: "", entrypoint: "a", wasm: Buffer.from("no program"), data: Buffer.from("{}") };
  await expect(Pool.open(garbage)).rejects.toThrow("its policy is no WebAssembly module");
  const empty = { ...garbage, wasm: Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]) };
  await expect(Pool.open(empty)).rejects.toThrow(UnfitPolicy);
});
