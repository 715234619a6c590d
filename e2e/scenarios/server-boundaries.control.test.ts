import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Bed, openBed, unique } from "#e2e/harness/bed.ts";
import { untilCondition } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { openProxiedCloud, type ProxiedCloud } from "#e2e/harness/proxied-cloud.ts";
import { run } from "#e2e/harness/run.ts";
import { persistentVolumeClaims, virtualMachineInstances, virtualMachines } from "#operator/api/foreign.ts";
import { BOUNDARIES_ANNOTATION, BOUNDARY_LABEL_PREFIX } from "#operator/api/marks.ts";
import { clouds, images, servers } from "#operator/api/resources.ts";
import { boundariesOf, isOutside } from "#operator/server/placement.ts";
import { type GuestBed, openGuestBed, type Tenant } from "./guest-bed.ts";

let bed: GuestBed;
let small: string;
let caged: Tenant;
/** A Cloud that says where its Servers may run, and a Project in it that says nothing. */
let confining: ProxiedCloud;
let ofConfining: Bed;
let confined: Tenant;
const [ofProject, ofImage, later] = [unique("cage"), unique("licence"), unique("later")];
const [ofCloud, ofCloudLater] = [unique("site"), unique("site")];

beforeAll(async () => {
  bed = await openGuestBed();
  small = await bed.flavor("small");
  caged = await bed.tenant({ boundaries: [ofProject] });
  await Promise.all([caged.activeImage("debian"), caged.activeImage("licensed", { boundaries: [ofImage] })]);
  await caged.server("caged", spec());
  await caged.server("both", spec({ imageRef: { name: "licensed" } }));
  await Promise.all(["caged", "both"].map((name) => caged.copied(`${name}-root-1`)));
});
afterAll(async () => {
  if (bed !== undefined) await node(...[ofProject, ofImage, ofCloud].map((boundary) => label(boundary, "-")));
  await bed?.close();
  await confining?.close();
  await ofConfining?.close();
}, 180_000);

const at = (name: string, tenant = caged) => ({ namespace: tenant.name, name });
const spec = (more: object = {}) => ({ flavorRef: { name: small }, imageRef: { name: "debian" }, ...more });
const label = (boundary: string, value: string) => `${BOUNDARY_LABEL_PREFIX}${boundary}${value}`;

/** Gives the nodes labels, or takes them. */
async function node(...labels: readonly string[]): Promise<void> {
  const env = { KUBECONFIG: bed.cluster.kubeconfigPath };
  const said = await run(bed.cluster.kubectl, ["label", "nodes", "--all", ...labels], { env });
  expect(said).toMatchObject({ ok: true });
}

/** Where a Server may run. */
describe("server", () => {
  test("create-full: within the boundaries of its Project and Image, and on no other node: until there is one it says which", async () => {
    const waits = (name: string, within: string) => {
      const message = new RegExp(`a node that takes the guest: .*\\(it may run only within ${within}\\)`);
      // Of a build nothing finer is told in its first 30 s (docs/server.md).
      return untilCondition(bed.kube, servers, at(name), { type: "Ready", status: "False", message }, 60_000);
    };
    await Promise.all([waits("caged", ofProject), waits("both", `${ofProject}, ${ofImage}`)]);
    await node(label(ofProject, "=true"));
    await caged.boot("caged");
    // The scheduler has looked at the node again, and one boundary is not enough for the other.
    expect((await bed.kube.get(virtualMachineInstances, at("both")))?.status?.phase).toBe("Scheduling");
    await node(label(ofImage, "=true"));
    await caged.boot("both");
  }, 120_000);

  test("create-full: what is copied from a disk is kept within the same, whatever its own Image says", async () => {
    const untilKept = (name: string) =>
      eventually(`${name} to have the boundaries of the disk`, async () => {
        return (await bed.kube.get(images, at(name)))?.status?.boundaries?.includes(ofImage);
      });
    const source = { volume: { name: "both-root-1" } };
    await caged.image("copy", { source });
    await untilKept("copy");
    // As a tenant with workloads can.
    const unmarked = { metadata: { annotations: { [BOUNDARIES_ANNOTATION]: null } } };
    const claim = await bed.kube.mergePatch(persistentVolumeClaims, at("both-root-1"), unmarked);
    expect(claim?.metadata.annotations).not.toHaveProperty([BOUNDARIES_ANNOTATION]);
    await caged.image("copy-of-unmarked", { source });
    await untilKept("copy-of-unmarked");
  });

  test("update: who pauses his Server does not keep it from what its Project says later", async () => {
    const paused = { metadata: { annotations: { "nephele.dev/paused": "true" } } };
    await bed.kube.mergePatch(servers, at("caged"), paused);
    await bed.project(caged.name, { boundaries: [ofProject, later] });
    await eventually("the machine to be kept within the later boundary", async () => {
      return !isOutside(await bed.kube.get(virtualMachines, at("caged")), [later]);
    });
  });

  test("create-full: within the boundaries of its Project's Cloud, though its Project says nothing", async () => {
    ofConfining = await openBed();
    confining = await openProxiedCloud(ofConfining);
    await bed.kube.mergePatch(clouds, confining.ref, { spec: { boundaries: [ofCloud] } });
    confined = await bed.tenant({ cloudRef: confining.ref });
    await confined.activeImage("debian");
    await confined.server("sited", spec());
    await confined.copied("sited-root-1");
    const message = new RegExp(`a node that takes the guest: .*\\(it may run only within ${ofCloud}\\)`);
    const waits = { type: "Ready", status: "False", message };
    await untilCondition(bed.kube, servers, at("sited", confined), waits, 60_000);
    await node(label(ofCloud, "=true"));
    await confined.boot("sited");
    // The control: a Server of another Cloud has nothing of it.
    expect(boundariesOf(await bed.kube.get(virtualMachines, at("both")))).not.toContain(ofCloud);
  }, 120_000);

  test("update: what a Cloud says later counts for the Servers that it has, beside what their Project says", async () => {
    const paused = { metadata: { annotations: { "nephele.dev/paused": "true" } } };
    await bed.kube.mergePatch(servers, at("sited", confined), paused);
    await bed.kube.mergePatch(clouds, confining.ref, { spec: { boundaries: [ofCloud, ofCloudLater] } });
    await eventually("the machine to be kept within the Cloud's later boundary", async () => {
      return !isOutside(await bed.kube.get(virtualMachines, at("sited", confined)), [ofCloud, ofCloudLater]);
    });
    await bed.kube.mergePatch(servers, at("sited", confined), {
      metadata: { annotations: { "nephele.dev/paused": null } },
    });
    await bed.project(confined.name, { cloudRef: confining.ref, boundaries: [ofProject] });
    await eventually("the machine to be kept within its Project's boundary too, and no less", async () => {
      const all = [ofCloud, ofCloudLater, ofProject].toSorted();
      return boundariesOf(await bed.kube.get(virtualMachines, at("sited", confined))).join() === all.join();
    });
    await bed.kube.mergePatch(clouds, confining.ref, { spec: { boundaries: null } });
    await eventually("the machine to be let out of what its Cloud says no more", async () => {
      return boundariesOf(await bed.kube.get(virtualMachines, at("sited", confined))).join() === ofProject;
    });
  });

  test("update: a guest that runs outside of its boundaries is told so, and no longer when its node is within them", async () => {
    const sited = at("sited", confined);
    const told = async () => {
      const { conditions } = (await bed.kube.get(servers, sited))?.status ?? {};
      return conditions?.find(({ type }) => type === "RestartRequired");
    };
    await eventually("nothing to be said: its node is within its Project's", async () => (await told()) === undefined);
    await node(label(ofProject, "-"));
    const message = new RegExp(`^The guest runs on node .*, which is not within ${ofProject}: reboot the Server`);
    await untilCondition(bed.kube, servers, sited, {
      type: "RestartRequired",
      status: "True",
      reason: "OutsideBoundaries",
      message,
    });
    await node(label(ofProject, "=true"));
    await eventually("nothing to be said again", async () => (await told()) === undefined);
  });
});
