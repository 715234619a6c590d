import { describe, expect, test } from "vitest";
import { ServiceError } from "#operator/clients/service-error.ts";
import type { Desired, ObjectKey } from "#runtime/api/object.ts";
import type { Resource } from "#runtime/api/resource.ts";
import { storeKeysJob } from "../children/jobs.ts";
import { aDeployment } from "../fixtures.ts";
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
const job = (type: string, reason?: string) => ({
  metadata: {},
  status: { conditions: [{ type, status: "True", reason, lastTransitionTime: "2026-11-26T10:00:00Z" }] },
});
const JOB = storeKeysJob(deployment, "hsm-pin 7").metadata.name;

async function pass(there: Readonly<Record<string, object>>) {
  const made: Desired[] = [];
  const deleted: string[] = [];
  const scope = {
    ...{ object: deployment.cloud, deps: {}, keys: [], now: new Date("2026-11-26T12:00:00Z") },
    fieldOwner: () => "test",
    cache: { get: (_of: Resource, { name }: ObjectKey) => there[name], list: () => [] },
    kube: {
      get: async (_of: Resource, { name }: ObjectKey) => there[name],
      list: async () => [],
      create: async (_of: Resource, object: Desired) => void made.push(object),
      apply: async (_of: Resource, object: Desired) => void made.push(object),
      delete: async (_of: Resource, { name }: ObjectKey) => void deleted.push(name),
    },
  } as unknown as CloudScope;
  return { outcome: await ensureStores(scope, deployment), made: made.map(({ kind }) => kind), deleted, scope };
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

  test("are not tried again where a person is asked for: a PIN that is wrong would lock the token", async () => {
    const { outcome, deleted } = await pass({ ...ready, [JOB]: job("Failed", "PodFailurePolicy") });
    expect(outcome).toMatchObject({ kind: "waiting", reason: "SetupFailed" });
    expect(deleted).toEqual([]);
  });

  test("the control: what else failed is tried again", async () => {
    const { deleted } = await pass({ ...ready, [JOB]: job("Failed", "BackoffLimitExceeded") });
    expect(deleted).toEqual([JOB]);
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
