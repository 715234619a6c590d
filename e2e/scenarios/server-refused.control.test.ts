import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { untilCondition, untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { coreSecrets, dataVolumes, events, pods, services, virtualMachines } from "#operator/api/foreign.ts";
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
    expect(await machine("taken-name")).toBeUndefined();
  });

  test("conflict: a disk too small, user data too large or that cloud-init cannot read: the field says so, and nothing is made", async () => {
    const userData = async (name: string, bytes: Buffer): Promise<object> => {
      const data = { userdata: bytes.toString("base64") };
      await bed.kube.create(coreSecrets, { apiVersion: "v1", kind: "Secret", metadata: at(name), data });
      return { userData: { secretKeyRef: { name, key: "userdata" } } };
    };
    const refused = {
      "small-disk": [{ rootDisk: { size: "512Mi" } }, /^spec.rootDisk.size: /],
      // Of chance, so that it does not become smaller when it is packed.
      "large-data": [
        await userData("large", Buffer.concat([Buffer.from("#!/bin/sh\n"), randomBytes(990_000)])),
        /^spec.userData.secretKeyRef.key: the user data cannot be used: it comes to \d+ bytes; at most 1000000/,
      ],
      "no-yaml": [
        await userData("no-yaml", Buffer.from("#cloud-config\nlist:\n\t- a\n")),
        /^spec.userData.secretKeyRef.key: .* no YAML at line \d/,
      ],
      "no-form": [
        await userData("no-form", Buffer.from("packages: [nginx]\n")),
        /^spec.userData.secretKeyRef.key: .* begins with none of #cloud-config/,
      ],
    } as const;
    await Promise.all(Object.entries(refused).map(([name, [more]]) => team.server(name, spec(more))));
    for (const [name, [, message]] of Object.entries(refused)) {
      await untilInvalid(name, message);
      expect(await machine(name)).toBeUndefined();
      expect(await bed.kube.get(coreSecrets, at(`nephele-user-data-${name}`))).toBeUndefined();
    }
    // It is mended, and goes on.
    const mended = { data: { userdata: Buffer.from("#cloud-config\npackages: [nginx]\n").toString("base64") } };
    await bed.kube.mergePatch(coreSecrets, at("no-form"), mended);
    await eventually("its machine", () => machine("no-form"));
  });

  test("dependency missing: what keeps a guest's pod from starting is said in its node's words", async () => {
    await team.server("unmounted", spec());
    await team.copied("unmounted-root-1");
    const launcher = await eventually("its pod on a node", async () => {
      const all = await bed.kube.list(pods, { namespace: team.name });
      const found = all.find(({ metadata }) => metadata.name.startsWith("virt-launcher-unmounted-"));
      return found?.spec?.nodeName === undefined ? undefined : found;
    });
    // Kubelet's part, which runs on nodes alone.
    const { uid, name, namespace = "" } = launcher.metadata;
    const at = new Date().toISOString();
    await bed.kube.create(events, {
      apiVersion: "v1",
      kind: "Event",
      metadata: { namespace, name: `${name}.1` },
      involvedObject: { apiVersion: "v1", kind: "Pod", namespace, name, uid },
      type: "Warning",
      reason: "FailedMount",
      message: "Unable to attach or mount volumes",
      firstTimestamp: at,
      lastTimestamp: at,
    });
    const message = /the guest's pod to start: FailedMount: Unable to attach or mount volumes$/;
    const told = { type: "Ready", status: "False", message } as const;
    await untilCondition(bed.kube, servers, { namespace, name: "unmounted" }, told, 90_000);
    await team.boot("unmounted");
    await untilReady(bed.kube, servers, { namespace, name: "unmounted" });
  }, 150_000);

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
