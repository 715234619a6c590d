import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureGatewayApi } from "#e2e/cluster/gateway-api.ts";
import { operatorAccount } from "#e2e/cluster/operator.ts";
import { put } from "#e2e/envoy/control-plane.ts";
import { type Bed, openBed, unique } from "#e2e/harness/bed.ts";
import { untilGone } from "#e2e/harness/conditions.ts";
import { eventsAbout } from "#e2e/harness/events.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { type OperatorProcess, startOperator } from "#e2e/harness/operator-process.ts";
import { Spire } from "#e2e/spire/spire.ts";
import {
  deployments,
  namespaces,
  networkPolicies,
  podDisruptionBudgets,
  serviceAccounts,
  services,
} from "#operator/api/foreign.ts";
import { CONTROLLER_NAME, childName, gatewayClasses, gateways } from "#operator/api/gateway-api.ts";
import type { KubeObject } from "#runtime/api/object.ts";
import type { Resource } from "#runtime/api/resource.ts";

/** What the operator makes of Gateways, with the rights that the chart gives it, and of whom SPIRE knows then. */

const TRUST_DOMAIN = "cloud.test";
const OPERATOR = `/ns/${operatorAccount.namespace}/sa/${operatorAccount.name}`;
const kinds = [serviceAccounts, networkPolicies, services, podDisruptionBudgets, deployments] as readonly Resource[];
const namespace = unique("gateways");
const [ours, theirs, other] = [unique("class"), unique("class"), unique("class")] as [string, string, string];
const folder = mkdtempSync(join(tmpdir(), "gateways-"));

let bed: Bed;
let spire: Spire;
let operator: OperatorProcess;

beforeAll(async () => {
  bed = await openBed();
  await ensureGatewayApi(bed.cluster);
  spire = await Spire.start({ trustDomain: TRUST_DOMAIN, admins: [OPERATOR] });
  await spire.enter(OPERATOR);
  await bed.kube.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  await put(bed, gatewayClasses as Resource, { metadata: { name: ours }, spec: { controllerName: CONTROLLER_NAME } });
  await put(bed, gatewayClasses as Resource, { metadata: { name: theirs }, spec: { controllerName: "example.org/x" } });
  operator = await startOperator({
    kubeconfig: join(bed.cluster.stateDir, `${operatorAccount.name}.kubeconfig`),
    logFile: join(folder, "operator.log"),
    args: [
      ...[
        "--controllers",
        "gateway,gateway-identities",
        "--no-leader-elect",
        "--gateways",
        "--gateway-service",
        "ClusterIP",
      ],
      ...["--trust-domain", TRUST_DOMAIN, "--spire-server", spire.serverAddress, "--workload-api", spire.address],
      ...["--xds-server", "nephele-xds.nephele-system.svc:18000", "--agent-folder", "/run/nephele/spire-agent"],
    ],
  });
}, 300_000);
afterAll(async () => {
  for (const name of [ours, theirs]) await bed?.kube.delete(gatewayClasses, { name });
  await bed?.kube.delete(namespaces, { name: namespace });
  await operator?.stop();
  await spire?.stop();
  await bed?.close();
  rmSync(folder, { recursive: true, force: true });
});

function gateway(name: string, gatewayClassName: string, ...ports: readonly number[]): Promise<unknown> {
  const listeners = ports.map((port) => ({ name: `http-${port}`, port, protocol: "HTTP" }));
  return put(bed, gateways as Resource, { metadata: { name, namespace }, spec: { gatewayClassName, listeners } });
}

const childOf = <T extends KubeObject>(name: string, resource: Resource<T>): Promise<T | undefined> =>
  bed.kube.get(resource, { namespace, name: childName(name) });

/** The kinds of what is there of a Gateway. */
async function thereOf(name: string): Promise<readonly string[]> {
  const found = await Promise.all(kinds.map((resource) => childOf(name, resource)));
  return found.flatMap((each) => (each === undefined ? [] : [each.kind]));
}

const untilWhole = (name: string): Promise<unknown> =>
  eventually(`all of Gateway ${name}`, async () => (await thereOf(name)).length === kinds.length);

const portsOf = async (name: string): Promise<readonly number[]> =>
  ((await childOf(name, services))?.spec?.ports ?? []).map(({ port }) => port);

interface Shown {
  readonly id: string;
  readonly spiffe_id: { readonly path: string };
  readonly expires_at: string;
}
async function entryOf(name: string): Promise<Shown | undefined> {
  const { entries } = JSON.parse(await spire.ask("entry", "show", "-output", "json")) as {
    readonly entries: readonly Shown[];
  };
  return entries.find(({ id }) => id === `nephele_gateways_${namespace}.${name}`);
}

describe("a Gateway of a class of ours", () => {
  test("gets proxies that are its own, known to SPIRE before there are pods", async () => {
    await gateway("edge", ours, 80, 443);
    await untilWhole("edge");
    const owner = await bed.kube.get(gateways, { namespace, name: "edge" });
    for (const resource of kinds) {
      const child = await childOf("edge", resource);
      expect(child?.metadata.ownerReferences).toMatchObject([{ kind: "Gateway", uid: owner?.metadata.uid }]);
    }
    expect(await portsOf("edge")).toEqual([80, 443]);
    expect((await entryOf("edge"))?.spiffe_id.path).toBe(`/ns/${namespace}/sa/edge-gateway`);
    // The namespace was not listed yet when the Gateway came: that is no fault to tell of.
    expect(readFileSync(join(folder, "operator.log"), "utf8")).not.toContain("NotSyncedError");
  });

  test("has what was changed by hand corrected, and what was deleted made again", async () => {
    const key = { namespace, name: childName("edge") };
    const apply = { fieldOwner: "somebody", force: true };
    const apiVersion = "apps/v1";
    await bed.kube.apply(deployments, { apiVersion, kind: "Deployment", metadata: key, spec: { replicas: 7 } }, apply);
    await bed.kube.delete(podDisruptionBudgets, key);
    await eventually("two replicas", async () => (await childOf("edge", deployments))?.spec?.replicas === 2);
    await untilWhole("edge");
  });

  test("a new listener's port is the Service's, which stays where it is; one that goes is not", async () => {
    const address = (await childOf("edge", services))?.spec?.clusterIP;
    await gateway("edge", ours, 80, 8443);
    await eventually("the ports of the Service", async () => (await portsOf("edge")).join() === "80,8443");
    expect((await childOf("edge", services))?.spec?.clusterIP).toBe(address);
  });

  test("takes nothing that is somebody's, and says so", async () => {
    const metadata = { name: childName("taken"), namespace };
    await put(bed, services as Resource, { metadata, spec: { ports: [{ port: 9 }] } });
    await gateway("taken", ours, 80);
    const told = await eventually("an event", async () =>
      (await eventsAbout(bed.kube, "Gateway", { namespace, name: "taken" })).find(
        ({ reason }) => reason === "NameTaken",
      ),
    );
    expect(told.note).toContain("Service taken-gateway is there and not of this Gateway");
    expect(await portsOf("taken")).toEqual([9]);
    expect(await childOf("taken", deployments)).toBeUndefined();
  });

  test("goes on when what had the name is gone", async () => {
    await bed.kube.delete(services, { namespace, name: childName("taken") });
    await untilWhole("taken");
  });

  test("is nobody while the account of that name is somebody's, whose pods would be it", async () => {
    await put(bed, serviceAccounts as Resource, { metadata: { name: childName("held"), namespace } });
    await gateway("held", ours, 80);
    await eventually("an event", async () =>
      (await eventsAbout(bed.kube, "Gateway", { namespace, name: "held" })).find(({ note }) =>
        note?.includes("ServiceAccount held-gateway is there"),
      ),
    );
    // Control: one that comes after it is entered, as all were that were to be.
    await gateway("after", ours, 80);
    await untilWhole("after");
    expect((await entryOf("after"))?.expires_at).toBe("0");
    expect(await entryOf("held")).toBeUndefined();
  });

  test("stays who it is when its class is deleted", async () => {
    await bed.kube.delete(gatewayClasses, { name: ours });
    await untilGone(bed.kube, gatewayClasses as Resource, { name: ours });
    // What others come to be of is looked at with it.
    await put(bed, gatewayClasses as Resource, {
      metadata: { name: other },
      spec: { controllerName: CONTROLLER_NAME },
    });
    await gateway("later", other, 80);
    await untilWhole("later");
    expect((await entryOf("edge"))?.expires_at).toBe("0");
    // And one that goes then is known no longer.
    await bed.kube.delete(gatewayClasses, { name: other });
    await bed.kube.delete(gateways, { namespace, name: "later" });
    await eventually("the end of its entry", async () => (await entryOf("later"))?.expires_at !== "0");
    await put(bed, gatewayClasses as Resource, { metadata: { name: ours }, spec: { controllerName: CONTROLLER_NAME } });
  });

  test("has nothing any more when another's class has it, and all again when ours has", async () => {
    await gateway("edge", theirs, 80);
    await eventually("nothing of the Gateway", async () => (await thereOf("edge")).length === 0);
    await gateway("edge", ours, 80);
    await untilWhole("edge");
  });

  test("takes all along when it is deleted, its identity too, which ends when its pods have", async () => {
    await eventually("an entry without an end", async () => (await entryOf("edge"))?.expires_at === "0");
    await bed.kube.delete(gateways, { namespace, name: "edge" });
    for (const resource of kinds) await untilGone(bed.kube, resource, { namespace, name: childName("edge") });
    const ends = await eventually("the end of its entry", async () => {
      const { expires_at: at } = (await entryOf("edge")) ?? { expires_at: "0" };
      return at !== "0" && Number(at);
    });
    expect(ends).toBeGreaterThan(Date.now() / 1000);
  });
});

test("control: a Gateway of another's class gets nothing, when one of ours that came later has everything", async () => {
  await gateway("foreign", theirs, 80);
  await gateway("last", ours, 80);
  await untilWhole("last");
  expect(await thereOf("foreign")).toEqual([]);
});
