import { describe, expect, test } from "vitest";
import { program } from "../children/service-config.ts";
import type { Job } from "../resources.ts";
import { ASK_A_PERSON, decideJob, REFUSED, refusedOf } from "./job.ts";

/** What becomes of a Job, by how it ended. */

const now = new Date("2026-11-26T12:00:00Z");
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000).toISOString();
const ended = (type: string, more: object = {}, seconds = 0): Job =>
  ({
    metadata: { name: "default-store-keys-1" },
    status: { conditions: [{ type, status: "True", lastTransitionTime: ago(seconds), ...more }] },
  }) as unknown as Job;
const failedAtOnce = (message: string, seconds: number) =>
  ended("Failed", { reason: "PodFailurePolicy", message }, seconds);
/** As the Job controller says it. */
const code = (number: number) =>
  `Container store-keys for pod n/p failed with exit code ${number} matching FailJob rule at index 0`;

describe("a Job", () => {
  test.each<readonly [string, Job | undefined, string]>([
    ["that is not there is made", undefined, "create"],
    ["that has not ended is waited for", { metadata: { name: "a" } } as Job, "running"],
    ["that is well is done", ended("Complete"), "done"],
    ["that failed stands for a while", ended("Failed", {}, 29), "failed"],
    ["that failed is tried again", ended("Failed", {}, 30), "again"],
    ["that asks a person stands longer", failedAtOnce(code(ASK_A_PERSON), 599), "failed"],
    ["that asks a person is tried again: what was lost may be back", failedAtOnce(code(ASK_A_PERSON), 600), "again"],
    ["whose PIN is refused is never tried again", failedAtOnce(code(REFUSED + 1), 86_400), "failed"],
    ["that failed at once, it is not known why, is not either", failedAtOnce("", 86_400), "failed"],
  ])("%s", (_says, job, kind) => {
    expect(decideJob(job, now).kind).toBe(kind);
  });

  test("that is never tried again says what starts it", () => {
    expect(decideJob(failedAtOnce(code(REFUSED + 1), 0), now)).toMatchObject({
      message: "it runs again when what it is given has changed, or when this Job is deleted",
    });
  });
});

test.each<readonly [string, Job | undefined, readonly string[] | undefined]>([
  ["is not known before it ended", { metadata: { name: "a" } } as Job, undefined],
  ["is not known without one", undefined, undefined],
  ["is none where it is done", ended("Complete"), []],
  ["is none where it failed otherwise", ended("Failed", { reason: "DeadlineExceeded" }), []],
  ["is none where it asks a person", failedAtOnce(code(ASK_A_PERSON), 0), []],
  ["is each that the code names", failedAtOnce(code(REFUSED + 1 + 4), 0), ["a", "c"]],
  ["is one of several", failedAtOnce(code(REFUSED + 2), 0), ["b"]],
])("what a Job was refused %s", (_says, job, expected) => {
  expect(refusedOf(job, ["a", "b", "c"])).toEqual(expected);
});

test("the program that makes keys in tokens ends by the same codes", () => {
  const text = program("make_store_keys.py").split("\n");
  expect(text).toContain(`ASK_A_PERSON = ${ASK_A_PERSON}`);
  expect(text).toContain(`REFUSED = ${REFUSED}`);
});
