import { describe, expect, test } from "vitest";
import type { Pod } from "#operator/api/foreign.ts";
import type { Deployment, Job } from "../resources.ts";
import { decideJob } from "./job.ts";
import { podProblem } from "./pod-problem.ts";
import { rolloutOf } from "./rollout.ts";

const meta = { name: "x", namespace: "n", uid: "u", resourceVersion: "1", creationTimestamp: "2026-11-25T10:00:00Z" };
const now = new Date("2026-11-25T10:10:00Z");

describe("a Job", () => {
  const job = (status: object, metadata: object = {}): Job =>
    ({ apiVersion: "batch/v1", kind: "Job", metadata: { ...meta, ...metadata }, status }) as Job;
  const condition = (type: string, at: string) => ({
    conditions: [{ type, status: "True", lastTransitionTime: at, message: "why" }],
  });
  test.each<[string, Job | undefined, object]>([
    ["that is not there is made", undefined, { kind: "create" }],
    ["that runs is awaited", job({ active: 1 }), { kind: "running" }],
    ["that has ended well is done", job(condition("Complete", "2026-11-25T10:00:00Z")), { kind: "done" }],
    [
      "that failed just now is shown",
      job(condition("Failed", "2026-11-25T10:09:50Z")),
      { kind: "failed", message: "why" },
    ],
    ["that failed a while ago is tried again", job(condition("Failed", "2026-11-25T10:09:00Z")), { kind: "again" }],
    [
      "that is being taken away is awaited",
      job(condition("Failed", "2026-11-25T10:00:00Z"), { deletionTimestamp: "2026-11-25T10:09:59Z" }),
      { kind: "running" },
    ],
  ])("%s", (_says, given, decision) => {
    expect(decideJob(given, now)).toEqual(decision);
  });
});

describe("a rollout", () => {
  const deployment = (status: object, generation = 2): Deployment =>
    ({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { ...meta, generation },
      spec: { replicas: 2 },
      status,
    }) as never;
  test.each<[string, Deployment | undefined, object]>([
    [
      "is complete with all pods new and ready",
      deployment({ observedGeneration: 2, replicas: 2, readyReplicas: 2, updatedReplicas: 2 }),
      { complete: true, serves: true },
    ],
    [
      "is not while an old pod is there",
      deployment({ observedGeneration: 2, replicas: 3, readyReplicas: 3, updatedReplicas: 2 }),
      { complete: false, serves: true },
    ],
    [
      "is not before its controller has seen the change",
      deployment({ observedGeneration: 1, replicas: 2, readyReplicas: 2, updatedReplicas: 2 }),
      { complete: false, serves: true },
    ],
    ["serves nobody without a ready pod", deployment({ observedGeneration: 2, replicas: 2 }), { serves: false }],
    ["has not begun without an object", undefined, { complete: false, serves: false }],
  ])("%s", (_says, given, expected) => {
    expect(rolloutOf(given)).toMatchObject(expected);
  });
});

describe("the problem of pods", () => {
  const pod = (status: object, at = meta.creationTimestamp): Pod =>
    ({ apiVersion: "v1", kind: "Pod", metadata: { ...meta, creationTimestamp: at }, status }) as Pod;
  const waiting = (reason: string, message = "") =>
    pod({ containerStatuses: [{ image: "r/keystone:1", ready: false, state: { waiting: { reason, message } } }] });
  const ended = (exitCode: number, message: string, at?: string) =>
    pod({ containerStatuses: [{ image: "i", ready: false, state: { terminated: { exitCode, message } } }] }, at);
  const sidecar = (started: boolean, exitCode?: number) =>
    pod({
      initContainerStatuses: [
        {
          ...{ name: "envoy", image: "i", ready: false, started, state: { running: {} } },
          ...(exitCode === undefined ? {} : { lastState: { terminated: { exitCode } } }),
        },
      ],
    });
  test.each<[string, readonly Pod[], RegExp | undefined]>([
    ["is none where there are none", [], undefined],
    ["is none while a container is made", [waiting("ContainerCreating")], undefined],
    [
      "is an image that cannot be pulled",
      [waiting("ImagePullBackOff", "not found")],
      /r\/keystone:1 cannot be pulled: not found/,
    ],
    [
      "is no node",
      [pod({ conditions: [{ type: "PodScheduled", status: "False", message: "0/1 nodes" }] })],
      /0\/1 nodes/,
    ],
    ["is what it said last", [ended(1, "a\nno such table\n")], /ended with 1: no such table/],
    ["is not that of an older pod", [ended(1, "old"), ended(1, "new", "2026-11-25T10:05:00Z")], /: new$/],
    ["is not an end in peace", [ended(0, "")], undefined],
    [
      "is a sidecar that waits",
      [sidecar(false)],
      /^pod x: its sidecar has no identity from SPIRE's agent or no configuration/,
    ],
    ["is not a sidecar that has started", [sidecar(true)], undefined],
    ["is why a sidecar ends, where it does", [sidecar(false, 1)], /^pod x: it ended with 1$/],
  ])("%s", (_says, pods, expected) => {
    const problem = podProblem(pods);
    if (expected === undefined) expect(problem).toBeUndefined();
    else expect(problem).toMatch(expected);
  });
});
