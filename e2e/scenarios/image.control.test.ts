import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { webhookOutage } from "#e2e/faults/webhook-outage.ts";
import { unique } from "#e2e/harness/bed.ts";
import { untilCondition, untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import {
  dataSources,
  dataVolumes,
  persistentVolumeClaims,
  roleBindings,
  roles,
  virtualMachines,
} from "#operator/api/foreign.ts";
import { images, projects, servers } from "#operator/api/resources.ts";
import { isApiError } from "#runtime/client/errors.ts";
import { type GuestBed, openGuestBed, type Tenant } from "./guest-bed.ts";

let bed: GuestBed;
let team: Tenant;

beforeAll(async () => {
  bed = await openGuestBed();
  team = await bed.tenant();
});
afterAll(() => bed?.close(), 180_000);

const at = (name: string, tenant = team) => ({ namespace: tenant.name, name });
const right = (name: string) => at(`nephele:image-source:${name}`);
const subjects = async (name: string) =>
  (await bed.kube.get(roleBindings, right(name)))?.subjects?.map(({ namespace }) => namespace);

const isPaused = { type: "Reconciling", status: "False", reason: "Paused" } as const;
const setPaused = (name: string, value: "true" | null, tenant = team) =>
  bed.kube.mergePatch(images, at(name, tenant), { metadata: { annotations: { "nephele.dev/paused": value } } });

/** Whether machines of a Project may clone a volume of another's, as CDI asks the API server. */
async function mayClone(tenant: Tenant, volume: string, owner = team): Promise<boolean> {
  const account = await bed.as(`system:serviceaccount:${tenant.name}:default`, ["system:authenticated"]);
  const attributes = {
    namespace: owner.name,
    verb: "create",
    group: "cdi.kubevirt.io",
    resource: "datavolumes",
    subresource: "source",
    name: volume,
  };
  const review = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    metadata: { name: "" },
    spec: { resourceAttributes: attributes },
  };
  const kind = {
    group: "authorization.k8s.io",
    version: "v1",
    plural: "selfsubjectaccessreviews",
    kind: "SelfSubjectAccessReview",
    namespaced: false,
  };
  const answer = await account.create(kind, review);
  return (answer.status as { readonly allowed: boolean }).allowed;
}

describe("image", () => {
  test("create-minimal: imported by CDI, and active with its size and checksum", async () => {
    const image = await team.activeImage("minimal");
    expect(image.status).toMatchObject({ progress: 100, size: "20Gi", virtualSize: "1Gi", volume: "minimal" });
    expect(image.status?.checksum).toBe(image.spec.source.http?.checksum);
    await untilReady(bed.kube, images, at("minimal"));
    expect((await bed.kube.get(dataSources, at("minimal")))?.spec?.source).toMatchObject({ pvc: at("minimal") });
  });

  test("create-full: shared with a Project that has the right to clone this volume alone", async () => {
    const other = await bed.tenant();
    const more = {
      os: { distro: "debian", version: "13", architecture: "amd64" },
      hardware: { firmware: "uefi", diskBus: "sata", nicModel: "e1000e" },
    };
    await team.activeImage("full", { ...more, visibility: "Shared", sharedWith: [other.name] });
    const image = await untilReady(bed.kube, images, at("full"));
    expect(image.status?.sharedWith).toEqual([other.name]);
    await team.activeImage("not-shared");
    expect([await mayClone(other, "full"), await mayClone(other, "not-shared")]).toEqual([true, false]);
    const flavor = await bed.flavor("small");
    await other.runningServer("guest", {
      flavorRef: { name: flavor },
      imageRef: { namespace: team.name, name: "full" },
    });
    expect((await bed.kube.get(servers, at("guest", other)))?.status?.image).toMatchObject(at("full"));
  });

  test("update: what is shared no more is taken back; what is published needs the Project's leave", async () => {
    const other = await bed.tenant();
    await team.activeImage("changing", { visibility: "Shared", sharedWith: [other.name] });
    await eventually("the right", () => mayClone(other, "changing"));
    await bed.kube.mergePatch(images, at("changing"), { spec: { visibility: "Private", sharedWith: null } });
    await eventually("the right to be gone", async () => !(await mayClone(other, "changing")));
    await untilGone(bed.kube, roles, right("changing"));
    await bed.kube.mergePatch(images, at("changing"), { spec: { visibility: "Public" } });
    const refused = {
      type: "Stalled",
      status: "True",
      reason: "InvalidConfiguration",
      message: /spec.visibility: Project .* may not publish/,
    };
    await untilCondition(bed.kube, images, at("changing"), refused);
    expect(await mayClone(other, "changing")).toBe(false);
    await bed.project(team.name, { publicImages: true });
    await eventually("the right of all", () => mayClone(other, "changing"));
    await bed.project(team.name, { publicImages: false });
    await eventually("the right of all to be gone", async () => !(await mayClone(other, "changing")));
  });

  test("update: a subject that somebody adds to the right is taken away", async () => {
    const other = await bed.tenant();
    await team.activeImage("edited", { visibility: "Shared", sharedWith: [other.name] });
    await eventually("the right", async () => (await subjects("edited"))?.length === 1);
    const more = [
      { kind: "ServiceAccount", name: "default", namespace: other.name },
      { kind: "ServiceAccount", name: "default", namespace: "default" },
    ];
    await bed.kube.mergePatch(roleBindings, right("edited"), { subjects: more });
    await eventually("the other subject to be gone", async () => (await subjects("edited"))?.join() === other.name);
  });

  test("dependency missing: an importer that no node takes says why, in the scheduler's words, until one does", async () => {
    // Nobody makes volumes here: the importer's claim has none.
    await team.image("unplaced");
    await untilCondition(bed.kube, images, at("unplaced"), {
      type: "Ready",
      status: "False",
      message: /\(queued; no node takes its importer: .*unbound immediate PersistentVolumeClaims/,
    });
    await team.imported("unplaced");
    await untilReady(bed.kube, images, at("unplaced"));
  });

  test("dependency missing: a Project that is not there is waited for, by name", async () => {
    const name = unique("later");
    await team.activeImage("awaits", { visibility: "Shared", sharedWith: [name] });
    await untilCondition(bed.kube, images, at("awaits"), {
      type: "Ready",
      status: "False",
      message: new RegExp(`Waiting for Project ${name}$`),
    });
    expect((await bed.kube.get(images, at("awaits")))?.status?.phase).toBe("active");
  });

  test("dependency deleted: the right of a Project that goes, goes with it", async () => {
    const leaver = await bed.tenant();
    const all = ["outlives", "outlives-paused"];
    for (const name of all) {
      await team.activeImage(name, { visibility: "Shared", sharedWith: [leaver.name] });
      await untilReady(bed.kube, images, at(name));
    }
    await setPaused("outlives-paused", "true");
    await untilCondition(bed.kube, images, at("outlives-paused"), isPaused);
    await bed.kube.delete(projects, { name: leaver.name });
    await untilGone(bed.kube, projects, { name: leaver.name }, 90_000);
    for (const name of all)
      await eventually(`nobody to have the right to ${name}`, async () => (await subjects(name))?.length !== 1);
    await setPaused("outlives-paused", null);
  });

  test("conflict: a DataVolume or claim of the name that is somebody else's is not touched", async () => {
    const storage = { resources: { requests: { storage: "1Gi" } } };
    const foreign = {
      apiVersion: "cdi.kubevirt.io/v1beta1",
      kind: "DataVolume",
      metadata: at("taken"),
      spec: { source: { blank: {} }, storage },
    };
    await bed.kube.create(dataVolumes, foreign);
    await team.image("taken");
    const invalid = { type: "Stalled", status: "True", reason: "InvalidConfiguration" } as const;
    await untilCondition(bed.kube, images, at("taken"), {
      ...invalid,
      message: /DataVolume taken exists and is not of this Image/,
    });
    const claim = { accessModes: ["ReadWriteOnce"], resources: storage.resources };
    await bed.kube.create(persistentVolumeClaims, {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: at("taken-claim"),
      spec: claim,
    });
    await team.image("taken-claim");
    await untilCondition(bed.kube, images, at("taken-claim"), {
      ...invalid,
      message: /PersistentVolumeClaim taken-claim exists/,
    });
    expect(await bed.kube.get(dataVolumes, at("taken-claim"))).toBeUndefined();
  });

  test.each([false, true])(
    "a Role or RoleBinding of the name that is somebody else's is not touched, and nothing is given by it (labelled as ours: %s)",
    async (labelled) => {
      const other = await bed.tenant();
      const name = labelled ? "role-labelled" : "role-taken";
      const labels = labelled ? { "app.kubernetes.io/managed-by": "nephele" } : {};
      const api = { apiVersion: "rbac.authorization.k8s.io/v1", metadata: { ...right(name), labels } };
      const rules = [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get"] }];
      await bed.kube.create(roles, { ...api, kind: "Role", rules });
      await team.activeImage(name, { visibility: "Shared", sharedWith: [other.name] });
      const taken = (kind: string) => ({
        type: "Stalled",
        status: "True",
        reason: "InvalidConfiguration",
        message: new RegExp(`metadata.name: ${kind} nephele:image-source:${name} exists and is not of this Image`),
      });
      await untilCondition(bed.kube, images, at(name), taken("Role"));
      await untilCondition(bed.kube, images, at(name), { type: "Shared", status: "False", reason: "NameTaken" });
      expect((await bed.kube.get(roles, right(name)))?.rules).toEqual(rules);
      expect(await bed.kube.get(roleBindings, right(name))).toBeUndefined();
      const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: right(name).name };
      await bed.kube.create(roleBindings, { ...api, kind: "RoleBinding", roleRef, subjects: [] });
      await bed.kube.delete(roles, right(name));
      await bed.kube.mergePatch(images, at(name), { metadata: { annotations: { look: "again" } } });
      await untilCondition(bed.kube, images, at(name), taken("RoleBinding"));
      expect([await bed.kube.get(roles, right(name)), await subjects(name)]).toEqual([undefined, undefined]);
      await bed.kube.delete(roleBindings, right(name));
      await bed.kube.mergePatch(images, at(name), { metadata: { annotations: { look: "and again" } } });
      await eventually("the right", () => mayClone(other, name));
      await untilReady(bed.kube, images, at(name));
    },
  );

  test("external deletion: the volume is imported again, with an event", async () => {
    await team.image("lost");
    const before = await eventually("the volume", () => bed.kube.get(dataVolumes, at("lost")));
    await eventually(
      "the status to name it",
      async () => (await bed.kube.get(images, at("lost")))?.status?.volume === "lost",
    );
    await bed.kube.delete(dataVolumes, at("lost"));
    await eventually("another volume", async () => {
      const found = await bed.kube.get(dataVolumes, at("lost"));
      return found !== undefined && found.metadata.uid !== before.metadata.uid;
    });
    await eventually("the event", async () => (await team.events("Image", "lost")).includes("Recreated"));
  });

  test("import/adopt: a claim that is there is copied into an Image, and stays", async () => {
    await team.activeImage("origin");
    await team.image("copy", { source: { volume: { name: "origin" } } });
    await team.copied("copy");
    const image = await untilReady(bed.kube, images, at("copy"));
    expect(image.status).toMatchObject({ phase: "active", volume: "copy" });
    await bed.kube.delete(images, at("copy"));
    await untilGone(bed.kube, images, at("copy"));
    expect((await bed.kube.get(persistentVolumeClaims, at("origin")))?.metadata.deletionTimestamp).toBeUndefined();
  });

  test("service down: while CDI does not answer it says so, and the import begins when it does", async () => {
    const labels = { "nephele.dev/image": "waits-for-cdi" };
    const source = { blank: {} };
    const probe = {
      apiVersion: "cdi.kubevirt.io/v1beta1",
      kind: "DataVolume",
      metadata: { ...at("probe"), labels },
      spec: { source, storage: { resources: { requests: { storage: "1Gi" } } } },
    };
    const outage = await webhookOutage(bed.kube, dataVolumes, labels, probe);
    try {
      await team.image("waits-for-cdi");
      const transient = { type: "Ready", status: "False", reason: "TransientError", message: /failed calling webhook/ };
      await untilCondition(bed.kube, images, at("waits-for-cdi"), transient);
      expect(await bed.kube.get(dataVolumes, at("waits-for-cdi"))).toBeUndefined();
    } finally {
      await outage.end();
    }
    await team.activeImage("waits-for-cdi");
    await untilReady(bed.kube, images, at("waits-for-cdi"));
  });

  test("service down: an importer that fails makes it killed with the importer's words, and a later success active", async () => {
    await team.image("failing");
    const message = "Unable to process data: checksum mismatch";
    await team.importerFails("failing", message);
    const expected = { type: "Stalled", status: "True", message: /checksum mismatch/ };
    const killed = await untilCondition(bed.kube, images, at("failing"), expected);
    expect(killed.status?.phase).toBe("killed");
    await team.activeImage("failing");
    await untilReady(bed.kube, images, at("failing"));
  });

  test("delete: volume, source and right go with it", async () => {
    const other = await bed.tenant();
    await team.activeImage("goes", { visibility: "Shared", sharedWith: [other.name] });
    await eventually("the right", () => mayClone(other, "goes"));
    await bed.kube.delete(images, at("goes"));
    await untilGone(bed.kube, images, at("goes"));
    await untilGone(bed.kube, dataVolumes, at("goes"));
    await untilGone(bed.kube, dataSources, at("goes"));
    await untilGone(bed.kube, roleBindings, right("goes"));
  });

  test("delete: a protected Image stays", async () => {
    await team.image("held", { protected: true });
    const refused = await bed.kube.delete(images, at("held")).catch((error: unknown) => error);
    expect(isApiError(refused, "Forbidden")).toBe(true);
    await bed.kube.mergePatch(images, at("held"), { spec: { protected: false } });
  });

  test("paused: nothing is done while the annotation is there", async () => {
    const metadata = { ...at("paused"), annotations: { "nephele.dev/paused": "true" } };
    const image = {
      apiVersion: "nephele.dev/v1alpha1",
      kind: "Image",
      metadata,
      spec: { source: { upload: {} }, minDisk: "1Gi" },
    };
    await bed.kube.create(images, image);
    await untilCondition(bed.kube, images, at("paused"), isPaused);
    expect(await bed.kube.get(dataVolumes, at("paused"))).toBeUndefined();
    await setPaused("paused", null);
    await eventually("the volume", () => bed.kube.get(dataVolumes, at("paused")));
  });

  test("paused: who may use it uses it still, until an administrator says otherwise", async () => {
    const [publisher, other] = await Promise.all([bed.tenant({ publicImages: true }), bed.tenant()]);
    await publisher.activeImage("public", { visibility: "Public" });
    await untilReady(bed.kube, images, at("public", publisher));
    await setPaused("public", "true", publisher);
    const paused = await untilCondition(bed.kube, images, at("public", publisher), isPaused);
    const shared = { type: "Shared", status: "True", reason: "Public" };
    expect(paused.status?.conditions).toContainEqual(expect.objectContaining(shared));
    const spec = {
      flavorRef: { name: await bed.flavor("small") },
      imageRef: { namespace: publisher.name, name: "public" },
    };
    await other.server("before", spec);
    await eventually("the machine", () => bed.kube.get(virtualMachines, at("before", other)));

    await bed.project(publisher.name, { publicImages: false });
    await eventually("the right to be gone", async () => !(await mayClone(other, "public", publisher)));
    const refused = { type: "Shared", status: "False", reason: "NotAllowed" } as const;
    await untilCondition(bed.kube, images, at("public", publisher), refused);
    // And it is as paused as before.
    await untilCondition(bed.kube, images, at("public", publisher), isPaused);
    await other.server("after", spec);
    const hidden = { type: "Stalled", status: "True", message: /there is no Image/ } as const;
    await untilCondition(bed.kube, servers, at("after", other), hidden);
    await setPaused("public", null, publisher);
  });

  test("disabled: an Image of a disabled Project stays as it is, for those whom it is shared with too", async () => {
    const [off, other] = await Promise.all([bed.tenant(), bed.tenant()]);
    await off.activeImage("stays", { visibility: "Shared", sharedWith: [other.name] });
    const before = await untilReady(bed.kube, images, at("stays", off));
    const volume = (await bed.kube.get(dataVolumes, at("stays", off)))?.metadata.uid;
    await bed.project(off.name, { enabled: false });
    await untilCondition(bed.kube, projects, { name: off.name }, { type: "Enabled", status: "False" });
    await bed.kube.mergePatch(images, at("stays", off), { metadata: { annotations: { look: "again" } } });
    const after = await untilReady(bed.kube, images, at("stays", off));
    expect(after.status?.sharedWith).toEqual(before.status?.sharedWith);
    expect((await bed.kube.get(dataVolumes, at("stays", off)))?.metadata.uid).toBe(volume);
    await bed.project(off.name, { enabled: true });
  });
});
