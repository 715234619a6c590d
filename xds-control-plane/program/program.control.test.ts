import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { kubectl } from "#e2e/cluster/kubectl.ts";
import { freePort } from "#e2e/cluster/ports.ts";
import { startEcho } from "#e2e/envoy/echo.ts";
import { startEnvoy } from "#e2e/envoy/envoy.ts";
import { type Bed, openBed, unique } from "#e2e/harness/bed.ts";
import { tools } from "#e2e/tools/build.ts";
import type { Desired } from "#runtime/api/object.ts";
import type { Resource } from "#runtime/api/resource.ts";
import { connect } from "#runtime/client/connection.ts";
import { createLogger } from "#runtime/observe/log.ts";
import { endpointSlices, gatewayClasses, gateways, httpRoutes, namespaces, services } from "../cluster-view/kinds.ts";
import { controllerName } from "../cluster-view/view.ts";
import { type RunningProgram, startProgram } from "./program.ts";

const soon = { timeout: 30_000, interval: 50 };
const group = "gateway.networking.k8s.io/v1";
const namespace = unique("mesh");
const className = unique("class");
const foreignClass = unique("class");
const open: (() => Promise<unknown>)[] = [];
let bed: Bed;

beforeAll(async () => {
  bed = await openBed();
  open.push(() => bed.close());
  const built = await tools("gateway-api", () => {});
  const run = kubectl(join((await tools("kubernetes", () => {})).bin, "kubectl"), bed.cluster.kubeconfigPath);
  const crds = join(built.manifests, "crds.yaml");
  // Where somebody else has installed Gateway API it stays.
  const wasThere = (await run("get", "--ignore-not-found", "-o", "name", "-f", crds)) !== "";
  if (!wasThere) open.push(() => run("delete", "--ignore-not-found", "-f", crds));
  await run("apply", "--server-side", "--force-conflicts", "-f", crds);
  await run("wait", "--for=condition=Established", "--timeout=60s", "-f", crds);
  await bed.kube.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  open.push(async () => {
    for (const name of [className, foreignClass]) await bed.kube.delete(gatewayClasses, { name });
    await bed.kube.delete(namespaces, { name: namespace });
  });
});
afterAll(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** An address of this machine that the API server takes in an EndpointSlice: loopback is refused. */
function ownAddress(): string {
  const found = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .find(({ internal, family }) => !internal && family === "IPv4");
  if (found === undefined) throw new Error("this machine has no IPv4 address but loopback");
  return found.address;
}

function put(resource: Resource, desired: Omit<Desired, "apiVersion" | "kind">, apiVersion: string): Promise<unknown> {
  const object = { apiVersion, kind: resource.kind, ...desired } as Desired;
  return bed.kube.apply(resource, object, { fieldOwner: "test", force: true });
}

function route(name: string, to: string): Promise<unknown> {
  const spec = {
    parentRefs: [{ name: "edge" }, { name: "theirs" }],
    rules: [{ backendRefs: [{ name: to, port: 80 }] }],
  };
  return put(httpRoutes as Resource, { metadata: { name, namespace }, spec }, group);
}

async function start(): Promise<RunningProgram & { stop(): Promise<void> }> {
  const connection = await connect({ kubeconfig: bed.cluster.kubeconfigPath });
  const stopped = new AbortController();
  const program = await startProgram(
    {
      connection,
      log: createLogger({ level: "error" }),
      listen: { kind: "tcp", host: "127.0.0.1", port: 0 },
      health: { host: "127.0.0.1", port: 0 },
      identity: undefined,
    },
    stopped.signal,
  );
  const stop = async (): Promise<void> => {
    stopped.abort();
    await program.ended;
    await connection.close();
  };
  open.push(stop);
  return { ...program, stop };
}

test("a Gateway of the cluster is served to a real Envoy, and the objects say what became of them", async () => {
  const program = await start();
  const host = ownAddress();
  const echo = await startEcho("web", { host });
  open.push(() => echo.close());
  const port = await freePort();
  const foreignPort = await freePort(new Set([port]));
  await put(gatewayClasses as Resource, { metadata: { name: className }, spec: { controllerName } }, group);
  const foreign = { metadata: { name: foreignClass }, spec: { controllerName: "example.test/other" } };
  await put(gatewayClasses as Resource, foreign, group);
  const gateway = (name: string, gatewayClassName: string, at: number): Promise<unknown> => {
    const listeners = [{ name: "http", port: at, protocol: "HTTP" }];
    return put(gateways as Resource, { metadata: { name, namespace }, spec: { gatewayClassName, listeners } }, group);
  };
  await gateway("edge", className, port);
  await gateway("theirs", foreignClass, foreignPort);
  await put(services as Resource, { metadata: { name: "web", namespace }, spec: { ports: [{ port: 80 }] } }, "v1");
  const slice = {
    metadata: { name: "web-1", namespace, labels: { "kubernetes.io/service-name": "web" } },
    addressType: "IPv4",
    ports: [{ name: "", port: echo.port, protocol: "TCP" }],
    endpoints: [{ addresses: [host], conditions: { ready: true } }],
  };
  await put(endpointSlices as Resource, slice, "discovery.k8s.io/v1");
  await route("all", "nobody");

  for (const name of ["edge", "theirs"]) {
    const id = `gateway/${namespace}/${name}`;
    const proxy = await startEnvoy({ id, xdsPort: program.xdsPort, apiType: "DELTA_GRPC" });
    open.push(() => proxy.stop());
  }
  const askAt = async (at: number): Promise<number> => {
    try {
      return (await fetch(`http://127.0.0.1:${at}/`)).status;
    } catch {
      return 0;
    }
  };
  const ask = (): Promise<number> => askAt(port);
  const conditionsOf = async (name: string): Promise<readonly string[] | undefined> => {
    const found = await bed.kube.get(gateways, { namespace, name });
    return found?.status?.conditions?.map(({ type, status }) => `${type} ${status}`);
  };
  const says = async (type: string): Promise<string | undefined> => {
    const found = await bed.kube.get(httpRoutes, { namespace, name: "all" });
    const condition = found?.status?.parents[0]?.conditions?.find((each) => each.type === type);
    return condition && `${condition.status} ${condition.reason}`;
  };
  // A Service that is not there: 500, and a condition.
  await expect.poll(ask, soon).toBe(500);
  await expect.poll(() => says("ResolvedRefs"), soon).toBe("False BackendNotFound");
  expect(await says("Accepted")).toBe("True Accepted");
  await route("all", "web");
  await expect.poll(ask, soon).toBe(200);
  await expect.poll(() => says("ResolvedRefs"), soon).toBe("True ResolvedRefs");
  expect(await conditionsOf("edge")).toEqual(["Accepted True", "Programmed True"]);
  const edge = await bed.kube.get(gateways, { namespace, name: "edge" });
  expect(edge?.status?.listeners?.[0]?.attachedRoutes).toBe(1);

  // The control: the same Gateway and proxy of another's class are left alone, until the class is ours.
  expect(await askAt(foreignPort)).toBe(0);
  expect(await conditionsOf("theirs")).toEqual(["Accepted Unknown", "Programmed Unknown"]);
  await gateway("theirs", className, foreignPort);
  await expect.poll(() => askAt(foreignPort), soon).toBe(200);
  await expect.poll(() => conditionsOf("theirs"), soon).toEqual(["Accepted True", "Programmed True"]);

  const page = async (path: string): Promise<string> =>
    (await fetch(`http://127.0.0.1:${program.healthPort}${path}`)).text();
  expect(await page("/readyz")).toBe("ok\n");
  expect(await page("/metrics")).toContain("xds_streams{");

  // Without the control plane the proxy goes on; another one says nothing anew.
  const before = (await bed.kube.get(gateways, { namespace, name: "edge" }))?.metadata.resourceVersion;
  await program.stop();
  expect(await ask()).toBe(200);
  const again = await start();
  await expect.poll(async () => (await fetch(`http://127.0.0.1:${again.healthPort}/readyz`)).status, soon).toBe(200);
  await again.stop();
  expect((await bed.kube.get(gateways, { namespace, name: "edge" }))?.metadata.resourceVersion).toBe(before);
});
