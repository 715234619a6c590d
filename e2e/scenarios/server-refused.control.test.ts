import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { untilCondition, untilGone } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { dataVolumes, services, virtualMachines } from "#operator/api/foreign.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { servers } from "#operator/api/resources.ts";
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
