import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { unique } from "#e2e/harness/bed.ts";
import { untilCondition, untilGone } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { run } from "#e2e/harness/run.ts";
import { dataVolumes, services, virtualMachineInstances, virtualMachines } from "#operator/api/foreign.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { BOUNDARY_LABEL_PREFIX } from "#operator/api/marks.ts";
import { images, servers } from "#operator/api/resources.ts";
import { isOutside } from "#operator/server/placement.ts";
import { type GuestBed, openGuestBed, type Tenant } from "./guest-bed.ts";

let bed: GuestBed;
let team: Tenant;
let small: string;

beforeAll(async () => {
  bed = await openGuestBed();
  team = await bed.tenant();
  small = await bed.flavor("small");
  await team.activeImage("debian");
});
afterAll(() => bed?.close(), 180_000);

const at = (name: string, tenant = team) => ({ namespace: tenant.name, name });
const spec = (more: object = {}) => ({ flavorRef: { name: small }, imageRef: { name: "debian" }, ...more });
const machine = (name: string) => bed.kube.get(virtualMachines, at(name));
const untilInvalid = (name: string, message: RegExp, tenant = team): Promise<Server> =>
  untilCondition(bed.kube, servers, at(name, tenant), {
    type: "Stalled",
    status: "True",
    reason: "InvalidConfiguration",
    message,
  });

/** What a Server is refused, and by what. */
describe("server", () => {
  test("conflict: a machine, a disk or a Service of the name that is somebody else's is not touched", async () => {
    const foreign = {
      spec: { runStrategy: "Halted", template: { spec: { domain: { devices: {}, memory: { guest: "64Mi" } } } } },
    };
    await bed.kube.create(virtualMachines, {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachine",
      metadata: at("taken-vm"),
      ...foreign,
    });
    await team.server("taken-vm", spec());
    await untilInvalid("taken-vm", /metadata.name: VirtualMachine .*taken-vm exists and is not of this Server/);
    expect((await machine("taken-vm"))?.metadata.ownerReferences).toBeUndefined();

    const blank = { source: { blank: {} }, storage: { resources: { requests: { storage: "1Gi" } } } };
    await bed.kube.create(dataVolumes, {
      apiVersion: "cdi.kubevirt.io/v1beta1",
      kind: "DataVolume",
      metadata: at("taken-disk-root-1"),
      spec: blank,
    });
    await team.server("taken-disk", spec());
    await untilInvalid("taken-disk", /DataVolume taken-disk-root-1 exists and is not of this Server/);
    expect(await machine("taken-disk")).toBeUndefined();

    const service = { clusterIP: "None", selector: { app: "other" } };
    await bed.kube.create(services, { apiVersion: "v1", kind: "Service", metadata: at("taken-name"), spec: service });
    await team.server("taken-name", spec());
    await untilInvalid("taken-name", /Service .*taken-name exists and is not of this Server/);
    expect((await bed.kube.get(services, at("taken-name")))?.spec?.selector).toEqual({ app: "other" });
  });

  test("conflict: to another Project an Image that is not shared does not exist", async () => {
    const other = await bed.tenant();
    const theirs = (name: string) => ({ flavorRef: { name: small }, imageRef: { namespace: team.name, name } });
    await other.server("thief", theirs("debian"));
    await other.server("guesser", theirs("nothing-here"));
    const [one, two] = await Promise.all([
      untilInvalid("thief", /there is no Image/, other),
      untilInvalid("guesser", /there is no Image/, other),
    ]);
    const text = ({ status }: Server): string =>
      status?.conditions?.find(({ type }) => type === "Stalled")?.message ?? "";
    expect(text(one).replace("debian", "nothing-here")).toBe(text(two));
    expect(await bed.kube.get(virtualMachines, at("thief", other))).toBeUndefined();
  });

  test("update: of five at once only those within the quota are built, and the next when one goes", async () => {
    const poor = await bed.tenant({ quota: { servers: 2 } });
    await poor.activeImage("debian");
    const names = ["a", "b", "c", "d", "e"];
    await Promise.all(names.map((name) => poor.server(name, spec())));
    const waitsFor = (name: string) =>
      untilCondition(bed.kube, servers, at(name, poor), { type: "Ready", status: "False", reason: "QuotaExceeded" });
    const built = async () =>
      (await bed.kube.list(virtualMachines, { namespace: poor.name })).map(({ metadata }) => metadata.name);
    await eventually("two machines", async () => (await built()).length === 2);
    const [first = ""] = await built();
    await Promise.all(
      names
        .filter((name) => name !== "a" && name !== "b")
        .slice(1)
        .map(waitsFor),
    );
    expect(await built()).toHaveLength(2);
    await bed.kube.delete(servers, at(first, poor));
    await untilGone(bed.kube, servers, at(first, poor));
    await eventually("another machine", async () => (await built()).filter((name) => name !== first).length === 2);
  });
});

/** Where it may run. */
describe("server", () => {
  const [ofProject, ofImage, later] = [unique("cage"), unique("licence"), unique("later")];
  let caged: Tenant;
  const node = async (...labels: readonly string[]): Promise<void> => {
    const env = { KUBECONFIG: bed.cluster.kubeconfigPath };
    const said = await run(bed.cluster.kubectl, ["label", "nodes", "--all", ...labels], { env });
    expect(said).toMatchObject({ ok: true });
  };
  const label = (boundary: string, value: string) => `${BOUNDARY_LABEL_PREFIX}${boundary}${value}`;

  beforeAll(async () => {
    caged = await bed.tenant({ boundaries: [ofProject] });
    await Promise.all([caged.activeImage("debian"), caged.activeImage("licensed", { boundaries: [ofImage] })]);
    await caged.server("caged", spec());
    await caged.server("both", spec({ imageRef: { name: "licensed" } }));
    await Promise.all(["caged", "both"].map((name) => caged.copied(`${name}-root-1`)));
  });
  afterAll(() => node(label(ofProject, "-"), label(ofImage, "-")));

  test("create-full: within the boundaries of its Project and Image, and on no other node: until there is one it says which", async () => {
    const waits = (name: string, within: string) => {
      const message = new RegExp(`a node that takes the guest: .*\\(it may run only within ${within}\\)`);
      return untilCondition(bed.kube, servers, at(name, caged), { type: "Ready", status: "False", message });
    };
    await Promise.all([waits("caged", ofProject), waits("both", `${ofProject}, ${ofImage}`)]);
    await node(label(ofProject, "=true"));
    await caged.boot("caged");
    // The scheduler has looked at the node again, and one boundary is not enough for the other.
    expect((await bed.kube.get(virtualMachineInstances, at("both", caged)))?.status?.phase).toBe("Scheduling");
    await node(label(ofImage, "=true"));
    await caged.boot("both");
  });

  test("create-full: what is copied from a disk is kept within the same, whatever its own Image says", async () => {
    await caged.image("copy", { source: { volume: { name: "both-root-1" } } });
    await eventually("the copy to have the boundaries of the disk", async () => {
      return (await bed.kube.get(images, at("copy", caged)))?.status?.boundaries?.includes(ofImage);
    });
  });

  test("update: who pauses his Server does not keep it from what its Project says later", async () => {
    const paused = { metadata: { annotations: { "nephele.dev/paused": "true" } } };
    await bed.kube.mergePatch(servers, at("caged", caged), paused);
    await bed.project(caged.name, { boundaries: [ofProject, later] });
    await eventually("the machine to be kept within the later boundary", async () => {
      return !isOutside(await bed.kube.get(virtualMachines, at("caged", caged)), [later]);
    });
  });
});
