import { Agent, request } from "undici";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { type Bed, openBed, unique } from "#e2e/harness/bed.ts";
import { untilGone } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { deployments, namespaces, pods, serviceAccounts, services } from "#operator/api/foreign.ts";
import { type Gateway, gateways } from "#operator/api/gateway-api.ts";
import { type Condition, isTrue } from "#runtime/api/conditions.ts";
import type { Desired } from "#runtime/api/object.ts";
import { defineResource, type Resource } from "#runtime/api/resource.ts";
import { gatewayClassName, installGateways } from "./gateways.ts";
import { type NodeHandle, openNode } from "./handle.ts";
import { pod, service } from "./test-objects.ts";

/** A Gateway on a real node, as a user of the chart has it: it is applied, and it works. */

const MINUTES = 60_000;
const namespace = unique("gateway");
const apiVersion = "gateway.networking.k8s.io/v1";
const httpRoutes = defineResource({
  ...{ group: "gateway.networking.k8s.io", version: "v1" },
  ...{ plural: "httproutes", kind: "HTTPRoute", namespaced: true },
});
const key = { namespace, name: "edge" };
const child = { namespace, name: "edge-gateway" };

interface Status {
  readonly conditions?: readonly Condition[];
  readonly addresses?: readonly { readonly value: string }[];
}

let bed: Bed;
let node: NodeHandle;

beforeAll(async () => {
  node = await openNode(inject("nodeStateDir"));
  await installGateways(node, (line) => void process.stderr.write(`${line}\n`));
  bed = await openBed(inject("nodeStateDir"));
  const probe = await node.probeImage();
  await node.importImages([probe]);
  await bed.kube.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  await apply(pods as Resource, pod("web", probe.reference, { port: 8080 }) as Made);
  await apply(services as Resource, service("web", { port: 80, targetPort: 8080 }) as Made);
}, 10 * MINUTES);
afterAll(async () => {
  await bed?.kube.delete(namespaces, { name: namespace });
  await bed?.close();
}, MINUTES);

type Made = Pick<Desired, "metadata"> & Readonly<Record<string, unknown>>;
function apply(resource: Resource, { metadata, ...rest }: Made): Promise<unknown> {
  const version = resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
  const object = { apiVersion: version, kind: resource.kind, ...rest, metadata: { ...metadata, namespace } };
  return bed.kube.apply(resource, object as Desired, { fieldOwner: "test", force: true });
}

const gateway = (...ports: readonly number[]): Promise<unknown> =>
  apply(gateways as Resource, {
    apiVersion,
    metadata: { name: key.name },
    spec: { gatewayClassName, listeners: ports.map((port) => ({ name: `p${port}`, port, protocol: "HTTP" })) },
  });

/** The address of the Gateway, once it is programmed as it is now. */
const programmed = (): Promise<string> =>
  eventually(
    "the Gateway to be programmed",
    async () => {
      const found = await bed.kube.get<Gateway>(gateways, key);
      const { conditions, addresses } = (found?.status ?? {}) as Status;
      const isNow = conditions?.every(({ observedGeneration }) => observedGeneration === found?.metadata.generation);
      return isNow === true && isTrue(conditions, "Programmed") && addresses?.[0]?.value;
    },
    { withinMs: 2 * MINUTES },
  );

async function podNames(): Promise<readonly string[]> {
  const labelSelector = `gateway.networking.k8s.io/gateway-name=${key.name}`;
  return (await bed.kube.list(pods, { namespace, labelSelector })).map(({ metadata }) => metadata.name);
}

test(
  "is applied, and its address answers with what the route's backend says; it is deleted, and nothing stays",
  async () => {
    await gateway(80);
    const route = { parentRefs: [{ name: key.name }], rules: [{ backendRefs: [{ name: "web", port: 80 }] }] };
    await apply(httpRoutes, { metadata: { name: "web" }, spec: route });
    const address = await programmed();
    const way = await node.reach(`${address}:80`);
    const kept = new Agent({ connections: 1 });
    const ask = async (): Promise<string> => {
      const { statusCode, body } = await request(`http://127.0.0.1:${way.port}/`, { dispatcher: kept });
      return `${statusCode} ${await body.text()}`;
    };
    await eventually("the backend's answer", async () => (await ask()) === "200 web");

    // It is asked over and over while another listener comes, and then while its pods are replaced: no answer is another.
    const answers: string[] = [];
    const done = new AbortController();
    const asking = (async () => {
      while (!done.signal.aborted) answers.push(await ask().catch(String));
    })();
    await gateway(80, 8080);
    const other = await node.reach(`${address}:8080`);
    await eventually("the new listener to answer", async () => {
      const { statusCode } = await request(`http://127.0.0.1:${other.port}/`);
      return statusCode === 200;
    });
    const before = await podNames();
    await node.run(`--namespace=${namespace}`, "rollout", "restart", `deployment/${child.name}`);
    await eventually("other pods", async () => (await podNames()).every((name) => !before.includes(name)), {
      withinMs: MINUTES,
    });
    done.abort();
    await asking;
    expect(answers.length).toBeGreaterThan(10);
    expect(answers.filter((answer) => answer !== "200 web")).toEqual([]);
    await kept.close();
    way.close();
    other.close();

    // Control: without the route the same address says that there is nothing.
    await bed.kube.delete(httpRoutes, { namespace, name: "web" });
    const again = await node.reach(`${address}:80`);
    await eventually("no route", async () => (await request(`http://127.0.0.1:${again.port}/`)).statusCode === 404);
    again.close();

    await bed.kube.delete(gateways, key);
    for (const resource of [deployments, services, serviceAccounts] as readonly Resource[])
      await untilGone(bed.kube, resource, child, MINUTES);
    await eventually("its pods to be gone", async () => (await podNames()).length === 0, { withinMs: MINUTES });
  },
  5 * MINUTES,
);
