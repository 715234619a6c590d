import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "#e2e/harness/eventually.ts";
import { Spire } from "#e2e/spire/spire.ts";
import type { EntryApi } from "#operator/clients/spire/entry-api.ts";
import { SpireServer } from "#operator/clients/spire/spire-server.ts";
import { ownerOfCloud } from "#operator/registration/entry-id.ts";
import { Registrar } from "#operator/registration/registrar.ts";
import { workloadEntry } from "#operator/registration/workload.ts";
import type { ObjectKey } from "#runtime/api/object.ts";
import type { Outcome } from "#runtime/controller/outcome.ts";
import { serviceAccounts } from "../children/accounts.ts";
import { aCloud, aDeployment } from "../fixtures.ts";
import type { CloudScope } from "../scope.ts";
import { forgetWorkloads, registerWorkloads } from "./register-workloads.ts";

const TRUST_DOMAIN = "cloud.test";
const OPERATOR = "/ns/nephele-system/sa/nephele-operator";

let spire: Spire;
let server: SpireServer;
/** How often the server was asked for anything. */
let uses = 0;
let registrar: Registrar;
const stop = new AbortController();

beforeAll(async () => {
  spire = await Spire.start({ trustDomain: TRUST_DOMAIN, admins: [OPERATOR] });
  await spire.enter(OPERATOR);
  const [address, workloadApi] = [spire.serverAddress, spire.address];
  server = new SpireServer({ trustDomain: TRUST_DOMAIN, server: address, workloadApi, rootOnDisk: false }, stop.signal);
  registrar = new Registrar({
    rootOnDisk: false,
    get expiry() {
      return server.expiry;
    },
    use: <T>(work: (entries: EntryApi) => Promise<T>): Promise<T> => {
      uses += 1;
      return server.use(work);
    },
  });
  await eventually("the operator's identity", async () => (await server.use((api) => api.list())).length > 0);
}, 300_000);
afterAll(async () => {
  stop.abort();
  await spire?.stop();
});

/** A pass over a Cloud; its ServiceAccounts are there as they should be, or are not. */
function passOver(name: string, accounts: "there" | "missing"): CloudScope {
  const object = aCloud();
  const found = accounts === "there" ? serviceAccounts(deploymentOf(name)) : [];
  const parts: Partial<Record<keyof CloudScope, unknown>> = {
    object: { ...object, metadata: { ...object.metadata, name } },
    deployment: deploymentOf(name),
    deps: { spire: registrar, platform: {}, clouds: {} },
    results: new Map(),
    cache: {
      get: (_resource: unknown, key: ObjectKey) => found.find(({ metadata }) => metadata.name === key.name),
    },
    kube: { apply: () => Promise.resolve() },
    fieldOwner: () => "nephele.dev/cloud",
  };
  return parts as unknown as CloudScope;
}
function deploymentOf(name: string) {
  const deployment = aDeployment({}, TRUST_DOMAIN);
  const { cloud } = deployment;
  return { ...deployment, cloud: { ...cloud, metadata: { ...cloud.metadata, name } } };
}
const registerOf = (name: string, accounts: "there" | "missing"): Promise<Outcome> =>
  registerWorkloads(passOver(name, accounts), deploymentOf(name));
/** How often SPIRE is asked meanwhile, and what comes of it. */
async function counted<T>(work: () => Promise<T>): Promise<readonly [number, T]> {
  const before = uses;
  const result = await work();
  return [uses - before, result];
}
const entriesOf = async (name: string): Promise<readonly string[]> =>
  (await server.use((api) => api.list())).map(({ id }) => id).filter((id) => id.includes(`_${name}_`));

test("a Cloud's workloads are registered, and its passes ask SPIRE no more until something is to be decided", async () => {
  expect(await registerOf("first", "missing")).toMatchObject({
    kind: "settled",
    message: expect.stringContaining("5 workloads") as string,
  });
  expect(await entriesOf("first")).toHaveLength(5);
  const usesOf = async (accounts: "there" | "missing") => (await counted(() => registerOf("first", accounts)))[0];
  expect([await usesOf("there"), await usesOf("there")]).toEqual([0, 0]);
  // What needs an entry is about to be made: it is looked for.
  expect(await usesOf("missing")).toBe(1);
});

test("SPIRE is asked again where other entries are wanted, and after a while, so that what others changed is seen", async () => {
  const owner = ownerOfCloud({ namespace: "nephele-system", name: "asked" });
  const one = { name: "one", namespace: "nephele-system", serviceAccount: "one", container: "envoy" };
  const [now, entry] = [new Date(), workloadEntry(TRUST_DOMAIN, owner, one)];
  const facts = { owner, wanted: [entry], now, graceMs: 0, afresh: false };
  const usesOf = async (more: Partial<typeof facts>): Promise<number> =>
    (await counted(() => registrar.register({ ...facts, ...more })))[0];
  expect(await usesOf({})).toBe(1);
  expect(await usesOf({})).toBe(0);
  await server.use((api) => api.delete([entry.id]));
  expect(await usesOf({ now: new Date(now.getTime() + 46_000) })).toBe(1);
  expect(await entriesOf("asked")).toEqual([entry.id]);
  expect(await usesOf({ wanted: [] })).toBe(1);
});

test("the connection is kept for the next use, and not after a failure", async () => {
  const connection = (): Promise<EntryApi> => server.use((api) => Promise.resolve(api));
  const kept = await connection();
  expect(await connection()).toBe(kept);
  await expect(server.use(() => Promise.reject(new Error("a failure")))).rejects.toThrow("a failure");
  expect(await connection()).not.toBe(kept);
});

test("a Cloud that is deleted while SPIRE is away waits for it, and then takes its own entries along", async () => {
  await registerOf("second", "missing");
  const others = await entriesOf("first");
  await spire.server.kill();
  expect(await forgetWorkloads(passOver("second", "there"))).toMatchObject({
    kind: "waiting",
    for: expect.stringMatching(/SPIRE's server \(SPIRE at .*UNAVAILABLE/) as string,
  });
  // A Cloud that is new waits, and asks each time; one whose accounts are there goes on, and does not wait for an answer each time.
  expect(await counted(() => registerOf("third", "missing"))).toEqual([
    1,
    expect.objectContaining({ kind: "waiting" }),
  ]);
  expect(await counted(() => registerOf("third", "missing"))).toEqual([
    1,
    expect.objectContaining({ kind: "waiting" }),
  ]);
  const goesOn = expect.objectContaining({ kind: "settled", pollAfterMs: 10_000 }) as Outcome;
  expect(await counted(() => registerOf("third", "there"))).toEqual([0, goesOn]);
  const facts = { owner: ownerOfCloud({ namespace: "n", name: "fourth" }), wanted: [], graceMs: 0, afresh: false };
  const start = Date.now();
  const askedAfter = (ms: number) =>
    counted(() => registrar.register({ ...facts, now: new Date(start + ms) }).catch(String));
  const problem = expect.stringMatching(/^SpireError: SPIRE at .*UNAVAILABLE/) as string;
  expect(await askedAfter(0)).toEqual([1, problem]);
  expect(await askedAfter(9_000)).toEqual([0, problem]);
  expect(await askedAfter(10_000)).toEqual([1, problem]);
  await spire.server.start();
  expect(await counted(() => registerOf("third", "missing"))).toEqual([
    1,
    expect.objectContaining({ kind: "settled" }),
  ]);
  expect(await entriesOf("second")).toHaveLength(5);
  expect(await forgetWorkloads(passOver("second", "there"))).toMatchObject({ kind: "settled" });
  expect(await entriesOf("second")).toEqual([]);
  expect(await entriesOf("first")).toEqual(others);
  // Once more is no failure.
  expect(await forgetWorkloads(passOver("second", "there"))).toMatchObject({ kind: "settled" });
});
