import { describe, expect, test } from "vitest";
import { ServiceError } from "#operator/clients/service-error.ts";
import type { Desired, ObjectKey } from "#runtime/api/object.ts";
import type { Resource } from "#runtime/api/resource.ts";
import { storeKeysJob } from "../children/jobs.ts";
import { ASK_A_PERSON, REFUSED } from "../decide/job.ts";
import { pinDigest } from "../decide/pin-digest.ts";
import { aDeployment } from "../fixtures.ts";
import { jobs } from "../resources.ts";
import type { CloudScope } from "../scope.ts";
import type { AspectResult } from "../status.ts";
import { checkStores, ensureStores } from "./secret-stores.ts";

/** What the steps make and say, by what is there. */

const deployment = aDeployment({
  keyManager: {
    stores: [
      { name: "software", type: "SimpleCrypto", default: true },
      {
        ...{ name: "hsm", type: "PKCS11", default: false },
        pkcs11: { tokenLabel: "vault", pinSecretRef: { name: "hsm-pin", key: "pin" } },
      },
    ],
  },
});
const pin = (data: object) => ({ metadata: { name: "hsm-pin", resourceVersion: "7" }, data });
const kek = { "0": "next", "1": "first" };
const job = (type: string, reason?: string, message?: string) => ({
  metadata: {},
  status: { conditions: [{ type, status: "True", reason, message, lastTransitionTime: "2026-11-26T10:00:00Z" }] },
});
const endedWith = (code: number) =>
  job(
    "Failed",
    "PodFailurePolicy",
    `Container store-keys for pod n/p failed with exit code ${code} matching FailJob rule at index 0`,
  );
const jobName = (value: string) => storeKeysJob(deployment, `hsm ${pinDigest(kek, "hsm", value)}`).metadata.name;
const JOB = jobName("MTIzNA==");

async function pass(there: Readonly<Record<string, object>>, listed: readonly object[] = []) {
  const made: Desired[] = [];
  const deleted: string[] = [];
  const scope = {
    ...{ object: deployment.cloud, deps: {}, keys: [], now: new Date("2026-11-26T12:00:00Z") },
    fieldOwner: () => "test",
    custody: { keySet: "k", values: () => kek },
    cache: { get: (_of: Resource, { name }: ObjectKey) => there[name], list: () => [] },
    kube: {
      get: async (_of: Resource, { name }: ObjectKey) => there[name],
      list: async (of: Resource) => (of === jobs ? listed : []),
      create: async (_of: Resource, object: Desired) => void made.push(object),
      apply: async (_of: Resource, object: Desired) => void made.push(object),
      delete: async (_of: Resource, { name }: ObjectKey) => void deleted.push(name),
    },
  } as unknown as CloudScope;
  const outcome = await ensureStores(scope, deployment);
  return { outcome, made: made.map(({ kind }) => kind), objects: made, deleted, scope };
}

describe("keys in tokens", () => {
  const ready = { "hsm-pin": pin({ pin: "MTIzNA==" }), "default-tokens": {} };

  test.each([
    ["the PIN's core Secret is not there", {}, "core Secret nephele-system/hsm-pin (spec.keyManager.stores[hsm]"],
    ["the PIN is not in it", { "hsm-pin": pin({ other: "MTIzNA==" }) }, "the key pin in the core Secret"],
  ])("are waited for where %s, and the volume is made", async (_where, there, said) => {
    const { outcome, made } = await pass(there);
    expect(outcome).toMatchObject({ reason: "InvalidConfiguration", for: expect.stringContaining(said) as string });
    expect(made).toEqual(["PersistentVolumeClaim"]);
  });

  test("are made by a Job, and are in status when it is done", async () => {
    expect(await pass(ready)).toMatchObject({ outcome: { kind: "waiting" }, made: ["Job"] });
    const { outcome, scope, made } = await pass({ ...ready, [JOB]: job("Complete") });
    expect(outcome).toMatchObject({ kind: "settled" });
    expect(scope.keys).toEqual([{ name: "pkcs11-hsm", active: 2, custody: "Token" }]);
    expect(made).toEqual([]);
  });

  test("are not looked for again where the PIN was refused, which is told to Barbican's pods", async () => {
    const { outcome, deleted, objects } = await pass({ ...ready, [JOB]: endedWith(REFUSED + 1) });
    expect(outcome).toMatchObject({ kind: "waiting", reason: "SetupFailed" });
    expect(deleted).toEqual([]);
    expect(objects).toMatchObject([
      { kind: "ConfigMap", metadata: { name: "default-refused-pins" }, data: { hsm: "refused" } },
    ]);
  });

  test("the control: what else failed is tried again, and no PIN is said to be refused", async () => {
    for (const failed of [job("Failed", "BackoffLimitExceeded"), endedWith(ASK_A_PERSON)])
      expect(await pass({ ...ready, [JOB]: failed })).toMatchObject({ deleted: [JOB], made: [] });
  });

  test("pods may try a PIN again when the Job that tried another has ended, and not before", async () => {
    const former = { ...ready, "default-refused-pins": { metadata: {}, data: { hsm: "refused" } } };
    expect((await pass(former)).made).toEqual(["Job"]);
    const { objects } = await pass({ ...former, [JOB]: job("Complete") });
    expect(objects).toMatchObject([{ kind: "ConfigMap", data: {} }]);
  });

  test("a core Secret that changes elsewhere than in the PIN makes no other Job", async () => {
    const labelled = {
      ...pin({ pin: "MTIzNA==", other: "eA==" }),
      metadata: { name: "hsm-pin", resourceVersion: "8" },
    };
    expect((await pass({ ...ready, "hsm-pin": labelled, [JOB]: job("Complete") })).made).toEqual([]);
    const other = pin({ pin: "NTY3OA==" });
    expect((await pass({ ...ready, "hsm-pin": other, [JOB]: job("Complete") })).made).toEqual(["Job"]);
  });

  test.each([
    ["runs", { metadata: { name: "older", uid: "1" } }, ["older"]],
    ["is going, its pods with it", { metadata: { name: "older", deletionTimestamp: "2026-11-26T11:00:00Z" } }, []],
  ])("are not made while an older Job %s: both could make them", async (_is, older, ended) => {
    const { outcome, made, deleted } = await pass(ready, [older]);
    expect(outcome).toMatchObject({ kind: "waiting", for: "Job older of before to be gone" });
    expect({ made, deleted }).toEqual({ made: [], deleted: ended });
  });

  test("the control: one that is done is none", async () => {
    const done = { ...job("Complete"), metadata: { name: "older" } };
    expect(await pass(ready, [done])).toMatchObject({ made: ["Job"], deleted: [] });
  });
});

describe("stores", () => {
  const check = (
    storeStates: () => Promise<unknown>,
    results: readonly (readonly ["StoresReady", AspectResult])[] = [],
  ) =>
    checkStores(
      {
        ...{ deps: {}, results: new Map(results), clients: { storeStates }, call: () => ({}) },
      } as unknown as CloudScope,
      deployment,
      new AbortController().signal,
    );

  test("that answer are said", async () => {
    expect(await check(async () => new Map([["hsm", undefined]]))).toMatchObject({
      kind: "settled",
      message: "software (default): by keys of this cluster; hsm: token vault answers",
    });
  });

  test("that do not, are, too", async () => {
    expect(await check(async () => new Map([["hsm", "the secret store hsm does not answer"]]))).toMatchObject({
      ...{ kind: "waiting", reason: "StoreAway", for: "the secret store hsm does not answer" },
    });
  });

  test("that cannot be asked for are no reason to end the pass", async () => {
    const away = {
      service: "barbican",
      kind: "Unavailable",
      status: 0,
      requestId: "r",
      operation: "GET /",
      said: "no",
    };
    const outcome = await check(() => Promise.reject(new ServiceError(away as never)));
    expect(outcome).toMatchObject({ kind: "waiting", reason: "TransientError" });
  });

  test("are not asked while their keys are waited for, which is what a person is to see", async () => {
    const waits = { kind: "waiting", for: "a PIN" } as AspectResult;
    expect(await check(() => Promise.reject(new Error("asked")), [["StoresReady", waits]])).toEqual({
      kind: "settled",
    });
  });
});
