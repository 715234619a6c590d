import { expect, test } from "vitest";
import { settled, waiting } from "#runtime/controller/outcome.ts";
import { NotSyncedError } from "#runtime/watch/cache.ts";
import type { CloudDeployment } from "./deployment.ts";
import { apart, type CloudScope, type CloudStep, type DeployStep, deployed } from "./scope.ts";

/** What the two ways of taking a step look at. */
const scope = () =>
  ({
    deployment: {} as CloudDeployment,
    results: new Map(),
    deps: {},
    log: { warn: () => undefined },
  }) as unknown as CloudScope;
const { signal } = new AbortController();
const fails =
  (error: Error): DeployStep =>
  async () => {
    throw error;
  };

test("a step that the Cloud can be without ends no pass: why it failed is a condition that is not True", async () => {
  const passed = scope();
  expect(await apart("BackupReady", fails(new Error("exceeded quota")))(passed, signal)).toEqual({
    kind: "settled",
    pollAfterMs: 10_000,
  });
  expect(passed.results.get("BackupReady")).toEqual({
    kind: "waiting",
    for: "another try: exceeded quota",
    reason: "TransientError",
    pollAfterMs: 10_000,
  });
  // The control: of another step it ends the pass.
  await expect(deployed("BackupReady", fails(new Error("exceeded quota")))(scope(), signal)).rejects.toThrow("quota");
});

test.each<readonly [string, CloudStep]>([
  ["what it waits for", apart("Drilled", async () => waiting("a backup", { pollAfterMs: 5 }))],
  ["what it says", apart("Drilled", async () => settled({ message: "well", pollAfterMs: 5 }))],
])("%s is its condition, and the pass goes on", async (_says, step) => {
  const passed = scope();
  expect(await step(passed, signal)).toEqual({ kind: "settled", pollAfterMs: 5 });
  expect(passed.results.has("Drilled")).toBe(true);
});

test("a pass that cannot go on is not carried on", async () => {
  const unknown = new NotSyncedError("jobs");
  await expect(apart("BackupReady", fails(unknown))(scope(), signal)).rejects.toBe(unknown);
  await expect(apart("BackupReady", fails(new Error("ended")))(scope(), AbortSignal.abort())).rejects.toThrow("ended");
});
