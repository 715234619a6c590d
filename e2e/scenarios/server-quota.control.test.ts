import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { webhookOutage } from "#e2e/faults/webhook-outage.ts";
import { untilCondition, untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { dataVolumes, virtualMachineInstances, virtualMachines } from "#operator/api/foreign.ts";
import { images, projects, servers } from "#operator/api/resources.ts";
import { controllerReference, resourcePath } from "#runtime/api/resource.ts";
import { type GuestBed, openGuestBed, type Tenant } from "./guest-bed.ts";

// Servers that arrive together and a quota for some of them: KubeVirt's controller is real, and takes each machine that there is.

const MANY = 20;
const QUOTA = 7;
const RAISED = 12;

let bed: GuestBed;
let small: string;

beforeAll(async () => {
  bed = await openGuestBed();
  small = await bed.flavor("small");
});
afterAll(() => bed?.close(), 240_000);

const spec = () => ({ flavorRef: { name: small }, imageRef: { name: "debian" } });
const names = Array.from({ length: MANY }, (_, at) => `web-${String(at).padStart(2, "0")}`);

/** Names of all machines that were ever made in a namespace, from before the first on: those that went again too. */
function everMade(tenant: Tenant): { readonly names: ReadonlySet<string>; close(): Promise<void> } {
  const made = new Set<string>();
  const stop = new AbortController();
  const watched = (async () => {
    const lines = bed.transport.lines({
      method: "GET",
      verb: "watch",
      resource: "virtualmachines.kubevirt.io",
      subject: tenant.name,
      path: resourcePath(virtualMachines, tenant.name),
      query: { watch: true },
      signal: stop.signal,
      deadlineMs: 300_000,
    });
    for await (const line of lines) {
      const { type, object } = line as { type: string; object: { metadata: { name: string; uid: string } } };
      if (type === "ADDED") made.add(`${object.metadata.name} ${object.metadata.uid}`);
    }
  })().catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });
  return {
    names: made,
    close: async () => {
      stop.abort();
      await watched;
    },
  };
}

describe("servers that arrive at once", { timeout: 240_000 }, () => {
  let team: Tenant;
  let made: ReturnType<typeof everMade>;
  beforeAll(async () => {
    team = await bed.tenant({ quota: { servers: QUOTA } });
    await team.activeImage("debian");
    made = everMade(team);
  }, 60_000);
  afterAll(() => made?.close());

  const machines = async () =>
    (await bed.kube.list(virtualMachines, { namespace: team.name })).map(({ metadata }) => metadata.name).sort();
  const refused = async () => {
    const all = await bed.kube.list(servers, { namespace: team.name });
    return all.filter(({ status }) =>
      status?.conditions?.some(
        ({ type, reason, message }) =>
          type === "Ready" &&
          reason === "QuotaExceeded" &&
          /quota of Project .*: servers \(1 wanted, \d+ of \d+ taken\)/.test(message),
      ),
    );
  };
  const untilSettled = async (quota: number) => {
    await eventually(
      `${quota} machines, and a reason for each other Server`,
      async () => {
        return (await machines()).length === quota && (await refused()).length === MANY - quota;
      },
      { withinMs: 60_000, seen: () => made.names.size },
    );
    const without = (await refused()).map(({ metadata }) => metadata.name);
    const built = await machines();
    expect([...built, ...without].sort()).toEqual(names);
    return built;
  };

  test(`of ${MANY} with a quota of ${QUOTA}, ${QUOTA} are made, the others say why, and no more ever were`, async () => {
    await Promise.all(names.map((name) => team.server(name, spec())));
    const built = await untilSettled(QUOTA);
    // KubeVirt's and CDI's controllers have taken on what there is, and nothing for the others.
    await eventually("their disks", async () => {
      const disks = await bed.kube.list(dataVolumes, { namespace: team.name });
      return disks.filter(({ metadata }) => metadata.name.endsWith("-root-1")).length === QUOTA;
    });
    // Two of them run, as if a node were there: what runs counts as what is being made.
    await Promise.all(
      built.slice(0, 2).map(async (name) => {
        await team.copied(`${name}-root-1`);
        await team.boot(name);
        await untilReady(bed.kube, servers, { namespace: team.name, name });
      }),
    );
    expect(await machines()).toEqual(built);
    expect(made.names.size).toBe(QUOTA);
    await eventually("the Project to count them", async () => {
      return (await bed.kube.get(projects, { name: team.name }))?.status?.used?.servers === QUOTA;
    });
  });

  test("a larger quota lets as many more on, without a hand on them", async () => {
    const before = await machines();
    await bed.kube.mergePatch(projects, { name: team.name }, { spec: { quota: { servers: RAISED } } });
    const built = await untilSettled(RAISED);
    expect(built).toEqual(expect.arrayContaining(before));
    expect(made.names.size).toBe(RAISED);
  });

  test("one that goes leaves room for one", async () => {
    const [first = ""] = await machines();
    await bed.kube.delete(servers, { namespace: team.name, name: first });
    await untilGone(bed.kube, servers, { namespace: team.name, name: first });
    await eventually("another in its place", async () => {
      const now = await machines();
      return now.length === RAISED && !now.includes(first);
    });
    expect(made.names.size).toBe(RAISED + 1);
  });
});

test("a machine counts that an operator made and had no time to say, also against an older Server", {
  timeout: 60_000,
}, async () => {
  const team = await bed.tenant({ quota: { servers: 1 } });
  await team.activeImage("debian");
  const at = (name: string) => ({ namespace: team.name, name });
  const annotations = { "nephele.dev/paused": "true" };
  const paused = (name: string) =>
    bed.kube.create(servers, {
      apiVersion: "nephele.dev/v1alpha1",
      kind: "Server",
      metadata: { ...at(name), annotations },
      spec: spec(),
    });
  // Both arrived in the same second, and the machine of the one that is second by name was made.
  await paused("a-first");
  const second = await paused("b-second");
  await bed.kube.create(virtualMachines, {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { ...at("b-second"), ownerReferences: [controllerReference(second)] },
    spec: { runStrategy: "Halted", template: { spec: { domain: { devices: {}, memory: { guest: "64Mi" } } } } },
  });
  await eventually("the operator to know of both", async () => {
    const both = await Promise.all(["a-first", "b-second"].map((name) => bed.kube.get(servers, at(name))));
    return both.every((found) => found?.status?.conditions?.some(({ reason }) => reason === "Paused"));
  });
  await bed.kube.mergePatch(servers, at("a-first"), { metadata: { annotations: { "nephele.dev/paused": null } } });
  await untilCondition(bed.kube, servers, at("a-first"), { type: "Ready", status: "False", reason: "QuotaExceeded" });
  expect(await bed.kube.get(virtualMachines, at("a-first"))).toBeUndefined();
});

test("where the quota was lowered below what there is, a Server does not grow, but becomes smaller", {
  timeout: 90_000,
}, async () => {
  const team = await bed.tenant({ quota: { cores: 4 } });
  await team.activeImage("debian");
  const [large, larger] = await Promise.all([2, 3].map((cpus) => bed.flavor("large", { cpus })));
  const at = { namespace: team.name, name: "web" };
  const sized = (flavor = "") => ({ flavorRef: { name: flavor } });
  const { uid } = (await team.runningServer("web", { ...spec(), ...sized(large) })).metadata;
  const running = (await bed.kube.get(virtualMachineInstances, at))?.metadata.uid;
  await bed.kube.mergePatch(projects, { name: team.name }, { spec: { quota: { cores: 0 } } });
  // Two watches have no order: the operator is to know of the quota before it hears of the Server.
  await untilReady(bed.kube, projects, { name: team.name });
  await team.patchServer("web", sized(larger));
  const message = /cores \(3 wanted, 0 of 0 taken\)/;
  await untilCondition(bed.kube, servers, at, { type: "Ready", status: "False", reason: "QuotaExceeded", message });
  await team.patchServer("web", sized(small));
  await team.boot("web", running);
  const { metadata, status } = await untilReady(bed.kube, servers, at);
  expect([metadata.uid, status?.flavor]).toEqual([uid, small]);
});

test("a machine whose Server is gone counts until its guest has shut down, and then another Server is built", {
  timeout: 60_000,
}, async () => {
  const team = await bed.tenant({ quota: { servers: 1 } });
  await team.activeImage("debian");
  const at = (name: string) => ({ namespace: team.name, name });
  const machine = (name: string) => bed.kube.get(virtualMachines, at(name));
  await team.server("leaves", spec());
  const { metadata } = await eventually("its machine", () => machine("leaves"));
  // Stands for a guest that takes its time.
  const finalizers = [...(metadata.finalizers ?? []), "nephele.dev/test"];
  await bed.kube.mergePatch(virtualMachines, at("leaves"), { metadata: { finalizers } });
  await bed.kube.delete(servers, at("leaves"));
  await untilGone(bed.kube, servers, at("leaves"));
  await team.server("comes", spec());
  const message = /servers \(1 wanted, 1 of 1 taken\)/;
  const refused = { type: "Ready", status: "False", reason: "QuotaExceeded", message } as const;
  await untilCondition(bed.kube, servers, at("comes"), refused);
  await eventually("the machine to be going, and nothing else to hold it", async () => {
    const found = await machine("leaves");
    return found?.metadata.deletionTimestamp !== undefined && found.metadata.finalizers?.length === 1;
  });
  await eventually("the Project to count it", async () => {
    return (await bed.kube.get(projects, { name: team.name }))?.status?.used?.servers === 1;
  });
  expect(await machine("comes")).toBeUndefined();
  await bed.kube.mergePatch(virtualMachines, at("leaves"), { metadata: { finalizers: [] } });
  await eventually("the other machine", () => machine("comes"));
});

test("Images that do not fit into the quota are not imported, and go on when there is room", {
  timeout: 60_000,
}, async () => {
  const team = await bed.tenant({ quota: { storage: "2Gi" } });
  const at = (name: string) => ({ namespace: team.name, name });
  const imported = async () =>
    (await bed.kube.list(dataVolumes, { namespace: team.name })).map(({ metadata }) => metadata.name).sort();
  const held = (name: string) =>
    untilCondition(bed.kube, images, at(name), { type: "WithinQuota", status: "False", reason: "QuotaExceeded" });
  const all = ["a", "b", "c", "d"];
  await Promise.all(all.map((name) => team.image(name)));
  await eventually("two volumes", async () => (await imported()).length === 2);
  const [first = "", second = ""] = await imported();
  const [third = "", fourth = ""] = all.filter((name) => name !== first && name !== second);
  const message = /quota of Project .*: storage \(1Gi wanted, 2Gi of 2Gi taken\)/;
  await untilCondition(bed.kube, images, at(third), {
    type: "Ready",
    status: "False",
    reason: "QuotaExceeded",
    message,
  });
  await Promise.all([third, fourth].map(held));
  await eventually("the Project to count two", async () => {
    return (await bed.kube.get(projects, { name: team.name }))?.status?.used?.storage === "2Gi";
  });
  expect(await imported()).toEqual([first, second]);
  await bed.kube.delete(images, at(first));
  await untilGone(bed.kube, images, at(first));
  await eventually("another volume", async () => (await imported()).includes(third));
  await bed.kube.mergePatch(projects, { name: team.name }, { spec: { quota: { storage: "3Gi" } } });
  await eventually("the last volume", async () => (await imported()).includes(fourth));
  await eventually("nothing to be said of the quota", async () => {
    const { conditions } = (await bed.kube.get(images, at(fourth)))?.status ?? {};
    return conditions?.every(({ type }) => type !== "WithinQuota");
  });
});

test("an Image does not take the room of a Server that was let in and has no machine yet, and has it when that goes", {
  timeout: 120_000,
}, async () => {
  const team = await bed.tenant({ quota: { storage: "22Gi" } });
  // 20Gi of these are the Image's volume.
  await team.activeImage("debian");
  const at = (name: string) => ({ namespace: team.name, name });
  const labels = { "nephele.dev/server": "first" };
  const template = { spec: { domain: { devices: {}, memory: { guest: "64Mi" } } } };
  const outage = await webhookOutage(bed.kube, virtualMachines, labels, {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { ...at("probe"), labels },
    spec: { runStrategy: "Halted", template },
  });
  try {
    await team.server("first", { ...spec(), rootDisk: { size: "2Gi" } });
    const transient = { type: "Ready", status: "False", reason: "TransientError" } as const;
    await untilCondition(bed.kube, servers, at("first"), transient);
    await team.image("second");
    const message = /storage \(1Gi wanted, 22Gi of 22Gi taken\)/;
    const refused = { type: "Ready", status: "False", reason: "QuotaExceeded", message } as const;
    await untilCondition(bed.kube, images, at("second"), refused);
    expect(await bed.kube.get(virtualMachines, at("first"))).toBeUndefined();
    expect(await bed.kube.get(dataVolumes, at("second"))).toBeUndefined();
  } finally {
    await outage.end();
  }
  await bed.kube.delete(servers, at("first"));
  await eventually("the volume", () => bed.kube.get(dataVolumes, at("second")));
});

test("a root disk that was kept counts, as large as it had grown, until it is deleted, and then another Server is built", {
  timeout: 90_000,
}, async () => {
  const team = await bed.tenant({ quota: { storage: "22Gi" } });
  // 20Gi of these are the Image's volume.
  await team.activeImage("debian");
  const at = (name: string) => ({ namespace: team.name, name });
  await team.runningServer("keeps", { ...spec(), rootDisk: { onServerDelete: "Retain" } });
  // No storage here can grow. But CDI asks for more than the disk's size where the disk is a file: so much has room in it.
  await team.patchServer("keeps", { rootDisk: { size: "1080Mi" } });
  const grown = await untilReady(bed.kube, servers, at("keeps"));
  expect(grown.status?.rootDisk?.size).toBe("1080Mi");
  await bed.kube.delete(servers, at("keeps"));
  await untilGone(bed.kube, servers, at("keeps"));
  await untilGone(bed.kube, virtualMachines, at("keeps"));
  await team.server("comes", spec());
  const taken = "21\\.05Gi of 22Gi taken";
  const message = new RegExp(`storage \\(1Gi wanted, ${taken}\\)`);
  const refused = { type: "Ready", status: "False", reason: "QuotaExceeded", message } as const;
  await untilCondition(bed.kube, servers, at("comes"), refused);
  await eventually("the Project to count it", async () => {
    return (await bed.kube.get(projects, { name: team.name }))?.status?.used?.storage === "21560Mi";
  });
  // A copy of it is as large, also where its Image does not say so.
  await bed.kube.create(images, {
    apiVersion: "nephele.dev/v1alpha1",
    kind: "Image",
    metadata: at("copy"),
    spec: { source: { volume: { name: "keeps-root-1" } } },
  });
  const copied = new RegExp(`storage \\(1\\.05Gi wanted, ${taken}\\)`);
  await untilCondition(bed.kube, images, at("copy"), { ...refused, message: copied });
  expect(await bed.kube.get(dataVolumes, at("copy"))).toBeUndefined();
  await bed.kube.delete(images, at("copy"));
  await untilGone(bed.kube, images, at("copy"));
  await bed.kube.delete(dataVolumes, at("keeps-root-1"));
  await eventually("the machine", () => bed.kube.get(virtualMachines, at("comes")));
});
