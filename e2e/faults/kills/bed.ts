import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { Agent } from "undici";
import { openStack, operatorClients } from "#e2e/clients/operator-clients.ts";
import { systemNamespace } from "#e2e/cluster/nephele-objects.ts";
import { type AdminSession, adminLogin } from "#e2e/cluster/openstack/admin-session.ts";
import { openStackManifests } from "#e2e/cluster/openstack/manifests.ts";
import { createTestDomain, type TestDomain } from "#e2e/cluster/openstack/test-domain.ts";
import { type Bed, openBed } from "#e2e/harness/bed.ts";
import { untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { startOperator } from "#e2e/harness/operator-process.ts";
import { type Tenant, tenantOf, virtHandler } from "#e2e/scenarios/guest-bed.ts";
import { coreSecrets, dataVolumes, virtualMachines } from "#operator/api/foreign.ts";
import { clouds, flavors, images, projects, secrets, servers } from "#operator/api/resources.ts";
import type { CloudClients } from "#operator/clients/cloud-clients.ts";
import { usage } from "#operator/project/usage.ts";
import type { KubeObject } from "#runtime/api/object.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";
import { FaultProxy } from "../proxy.ts";
import { startControlPlane, writeAnonymousKubeconfig } from "./control-plane.ts";
import { type LifeBed, lifeNames, PREFIX } from "./life-bed.ts";
import { proxiedOperator, START_MS } from "./proxied-operator.ts";
import { isUncounted, type Service, services } from "./services.ts";
import { barbicanTold } from "./world/barbican.ts";
import { Contents } from "./world/contents.ts";
import { keystoneTold } from "./world/keystone.ts";
import { kubernetesTold } from "./world/kubernetes.ts";
import { type Told, worldOf } from "./world/world.ts";

/** The Project in whose namespace Secrets, Images and Servers live. */
export const TENANT = `${PREFIX}tenant`;

const CLOUD = { namespace: systemNamespace, name: "default" } as const;
const OWNER = { fieldOwner: "test", force: true } as const;

/** A control plane with an operator of its own, and a proxy between that operator and each service. */
export interface KillBed extends Bed, LifeBed {
  readonly domain: TestDomain;
  /** What a Project, and a Cloud, of these tests says at least. */
  readonly projectSpec: object;
  readonly cloudSpec: object;
  /** The Project {@link TENANT}, and what a node would do in it, which is played. */
  readonly tenant: Tenant;
  /** Makes a Project that stays until the bed is closed. */
  project(name: string): Promise<void>;
  /**
   * Waits until the operator has nothing to do, and what Projects say of their use is true. That is counted every other
   * second at most, so it may be to come with nothing queued.
   */
  quiet(): Promise<void>;
}

export async function openKillBed(): Promise<KillBed> {
  const plane = await startControlPlane();
  const closing: (() => Promise<unknown>)[] = [() => plane.remove()];
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0).toReversed()) await end();
  };
  try {
    const handle = openStack();
    const { authority, operatorCertificate, serverUrl } = plane;
    const { certificate: cert, key } = operatorCertificate;
    const asOperator = new Agent({ connect: { ca: authority, cert, key }, bodyTimeout: 0, headersTimeout: 0 });
    closing.push(() => asOperator.destroy());
    const proxies: Readonly<Record<Service, FaultProxy>> = {
      kubernetes: new FaultProxy({
        target: serverUrl,
        dispatcher: asOperator,
        uncounted: isUncounted("kubernetes"),
      }),
      keystone: new FaultProxy({ target: new URL(handle.identityUrl).origin, uncounted: isUncounted("keystone") }),
      barbican: new FaultProxy({ target: handle.keyManagerUrl, uncounted: isUncounted("barbican") }),
    };
    closing.push(() => Promise.all(services.map((service) => proxies[service].stop())));
    const kubeconfig = join(plane.stateDir, "proxied.kubeconfig");
    writeAnonymousKubeconfig(kubeconfig, await proxies.kubernetes.start());
    const identityUrl = `${await proxies.keystone.start()}/v3`;
    const keyManagerUrl = await proxies.barbican.start();

    const bed = await openBed(plane.stateDir);
    closing.push(() => bed.close());
    const { kube } = bed;
    let cloudSpec: object = {};
    for (const manifest of openStackManifests({ ...handle, identityUrl, keyManagerUrl })) {
      if (manifest.kind === "Cloud") {
        cloudSpec = { ...(manifest["spec"] as object), protected: false };
        await kube.apply(clouds, { ...manifest, spec: cloudSpec }, OWNER);
      } else await kube.apply(coreSecrets, manifest, OWNER);
    }
    const domain = await createTestDomain(handle, "t-kills");
    closing.push(() => domain.remove());
    const clients = operatorClients();
    closing.push(() => clients.close());
    const admin = await adminLogin(handle.identityUrl, handle.adminPasswordFile, "system");
    const projectSpec = { cloudRef: CLOUD, domain: domain.name, protected: false, onDelete: "Delete" };

    const logFile = join(plane.logsDir, "operator.log");
    // What an earlier run left in this Keystone, if it was cut off, is of another installation.
    const installation = `kills-${randomBytes(3).toString("hex")}`;
    const operator = proxiedOperator(proxies, () => {
      const args = ["--installation-id", installation, "--identity", "kills", "--health-address", "127.0.0.1:0"];
      return startOperator({ kubeconfig, logFile, args, withinMs: START_MS });
    });
    closing.push(() => operator.kill());
    await operator.start();
    await untilReady(kube, clouds, CLOUD);
    const project = async (name: string): Promise<void> => {
      const object = { apiVersion: "nephele.dev/v1alpha1", kind: "Project", metadata: { name }, spec: projectSpec };
      await kube.apply(projects, object, OWNER);
      closing.push(async () => {
        await kube.delete(projects, { name });
        await untilGone(kube, projects, { name }, 60_000);
      });
      await untilReady(kube, projects, { name });
    };
    await project(TENANT);

    const nextName = lifeNames();
    const contents = new Contents();
    let lives = 0;
    let told: { readonly at: string; readonly what: Promise<readonly Told[]> } | undefined;
    // The domain is this bed's alone, so nothing changes in it but by the operator's writes. Looking costs much more than
    // not looking: Keystone and Barbican are asked again after a write, and in each life anew.
    const openstackTold = (): Promise<readonly Told[]> => {
      const at = `${lives} ${proxies.keystone.written} ${proxies.barbican.written}`;
      if (told?.at !== at) told = { at, what: lookAtOpenStack(admin, clients, domain.id) };
      return told.what;
    };
    return {
      ...bed,
      ...operator,
      domain,
      tenant: tenantOf(kube, await virtHandler(bed), TENANT),
      project,
      nextLife: () => {
        lives += 1;
        return nextName();
      },
      projectSpec,
      cloudSpec,
      quiet: async () => {
        await eventually("the operator to have nothing to do, and all to be counted", async () => {
          await operator.idle();
          return isCounted(kube);
        });
      },
      remember: (life, phase) => contents.remember(kube, life, phase),
      world: async (life) => {
        const [kubernetes, openstack] = await Promise.all([kubernetesTold(kube, PREFIX), openstackTold()]);
        const names = new Map([
          [domain.name, "DOMAIN"],
          [installation, "INSTALLATION"],
          [life, "LIFE"],
        ]);
        return worldOf([contents.told(life), kubernetes, ...openstack], names);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function lookAtOpenStack(admin: AdminSession, clients: CloudClients, domainId: string): Promise<readonly Told[]> {
  const keystone = await keystoneTold(admin, domainId);
  const barbican = await Promise.all(keystone.projectIds.map((id) => barbicanTold(clients, id)));
  return [keystone, ...barbican];
}

/** Whether the Projects of these tests say what is in them; a Project that does not count says nothing. */
async function isCounted(kube: KubeClient): Promise<boolean> {
  const [everyProject, everyServer, everyImage, everySecret, everyFlavor, everyMachine, everyVolume] =
    await Promise.all([
      kube.list(projects),
      kube.list(servers),
      kube.list(images),
      kube.list(secrets),
      kube.list(flavors),
      kube.list(virtualMachines),
      kube.list(dataVolumes),
    ]);
  const flavor = (name: string) => everyFlavor.find(({ metadata }) => metadata.name === name);
  const image = ({ namespace, name }: { readonly namespace: string; readonly name: string }) =>
    everyImage.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
  return everyProject
    .filter(({ metadata }) => metadata.name.startsWith(PREFIX) && metadata.deletionTimestamp === undefined)
    .every(({ status }) => {
      const { used, namespace } = status ?? {};
      if (used === undefined || namespace === undefined) return true;
      const here = ({ metadata }: KubeObject): boolean => metadata.namespace === namespace;
      const contents = {
        servers: everyServer.filter(here),
        images: everyImage.filter(here),
        secrets: everySecret.filter(here),
        machines: everyMachine.filter(here),
        volumes: everyVolume.filter(here),
      };
      return isDeepStrictEqual({ ...used }, { ...usage({ ...contents, flavor, image }) });
    });
}
