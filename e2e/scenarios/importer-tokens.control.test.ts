import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { unique } from "#e2e/harness/bed.ts";
import { untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { auditOffset, readAudit } from "#e2e/proofs/audit-log.ts";
import { namespaces, type Pod, pods, serviceAccounts } from "#operator/api/foreign.ts";
import { images, projects } from "#operator/api/resources.ts";
import { type GuestBed, openGuestBed, type Tenant } from "./guest-bed.ts";
import { looksOf } from "./project-looks.ts";

// Whether CDI's and KubeVirt's pods in a Project's namespace hold a token of Kubernetes: their own controllers make them, and the
// API server's admission gives the token.

let bed: GuestBed;
let team: Tenant;
beforeAll(async () => {
  bed = await openGuestBed();
  team = await bed.tenant();
});
afterAll(() => bed?.close(), 180_000);

const { makeNamespace } = looksOf(() => bed);
const account = (namespace: string) => ({ namespace, name: "default" });

function holdsToken({ spec }: Pod): boolean {
  return (spec?.volumes ?? []).some(({ projected }) =>
    projected?.sources?.some((source) => source.serviceAccountToken !== undefined),
  );
}

const podOf = (name: string): Promise<Pod> =>
  eventually(`the pod ${name}`, () => bed.kube.get(pods, { namespace: team.name, name }));

/** A pod as a tenant writes one, as the API server made it. */
async function plainPod(spec: object = {}): Promise<Pod> {
  const metadata = { namespace: team.name, name: unique("plain") };
  const containers = [{ name: "main", image: "example.org/none:1" }];
  const made = await bed.kube.create(pods, { apiVersion: "v1", kind: "Pod", metadata, spec: { containers, ...spec } });
  await bed.kube.delete(pods, metadata);
  return made;
}

const turnedOn = (namespace: string) =>
  bed.kube.mergePatch(serviceAccounts, account(namespace), { automountServiceAccountToken: true });

describe("the token of a Project's namespace", () => {
  test("is in no importer and no launcher", async () => {
    await team.image("disk");
    expect(holdsToken(await podOf("importer-disk"))).toBe(false);
    await team.imported("disk");
    await team.server("guest", { flavorRef: { name: await bed.flavor("small") }, imageRef: { name: "disk" } });
    await team.copied("guest-root-1");
    await team.boot("guest");
    const launchers = await bed.kube.list(pods, { namespace: team.name, labelSelector: "kubevirt.io=virt-launcher" });
    expect(launchers.map(holdsToken)).toEqual([false]);
  });

  test("is a tenant's own pod's only where it asks for it", async () => {
    expect(holdsToken(await plainPod())).toBe(false);
    expect(holdsToken(await plainPod({ automountServiceAccountToken: true }))).toBe(true);
  });

  test("keeps CDI from starting an importer where somebody turns it on, until it is turned off again", async () => {
    await turnedOn(team.name);
    // The control of all of the above: this is what Kubernetes does by itself, once its admission has seen the change.
    await eventually("a pod to be given a token", async () => holdsToken(await plainPod()));
    const before = auditOffset(bed.cluster.auditLogPath);
    await team.image("held");
    // CDI says so in its log alone; that it tried is in the API server's.
    await eventually("CDI to be refused its importer", async () =>
      readAudit(bed.cluster.auditLogPath, before).some(
        ({ verb, objectRef, responseStatus }) =>
          verb === "create" &&
          objectRef?.resource === "pods" &&
          objectRef.namespace === team.name &&
          responseStatus?.code === 403,
      ),
    );
    expect(await bed.kube.get(pods, { namespace: team.name, name: "importer-held" })).toBeUndefined();
    await bed.compare(team.name);
    expect(holdsToken(await podOf("importer-held"))).toBe(false);
    await team.imported("held");
    await untilReady(bed.kube, images, { namespace: team.name, name: "held" });
  });

  test("is as before in a namespace that the Project leaves", async () => {
    const project = unique("leaves");
    await makeNamespace(project, { "nephele.dev/project": project });
    await bed.ready(project);
    const said = async () =>
      (await bed.kube.get(serviceAccounts, account(project)))?.automountServiceAccountToken ?? "nothing";
    expect(await said()).toBe(false);
    await bed.remove(project);
    expect(await bed.kube.get(projects, { name: project })).toBeUndefined();
    expect(await said()).toBe("nothing");
    await bed.kube.delete(namespaces, { name: project });
  });
});
