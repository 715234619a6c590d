import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureGatewayApi } from "#e2e/cluster/gateway-api.ts";
import { freePort } from "#e2e/cluster/ports.ts";
import { ownAddress, put, startTestProgram, type TestProgram } from "#e2e/envoy/control-plane.ts";
import { startEcho } from "#e2e/envoy/echo.ts";
import { startEnvoy } from "#e2e/envoy/envoy.ts";
import { type Bed, openBed, unique } from "#e2e/harness/bed.ts";
import type { Resource } from "#runtime/api/resource.ts";
import { endpointSlices, gatewayClasses, gateways, httpRoutes, namespaces, services } from "../cluster-view/kinds.ts";
import { controllerName } from "../cluster-view/view.ts";

const soon = { timeout: 30_000, interval: 50 };
const namespace = unique("mesh");
const className = unique("class");
const foreignClass = unique("class");
const open: (() => Promise<unknown>)[] = [];
let bed: Bed;

beforeAll(async () => {
  bed = await openBed();
  open.push(() => bed.close());
  await ensureGatewayApi(bed.cluster);
  await bed.kube.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  open.push(async () => {
    for (const name of [className, foreignClass]) await bed.kube.delete(gatewayClasses, { name });
    await bed.kube.delete(namespaces, { name: namespace });
  });
});
afterAll(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

function route(name: string, to: string): Promise<unknown> {
  const spec = {
    parentRefs: [{ name: "edge" }, { name: "theirs" }],
    rules: [{ backendRefs: [{ name: to, port: 80 }] }],
  };
  return put(bed, httpRoutes as Resource, { metadata: { name, namespace }, spec });
}

async function start(): Promise<TestProgram> {
  const program = await startTestProgram(bed);
  open.push(() => program.stop());
  return program;
}

test("a Gateway of the cluster is served to a real Envoy, and the objects say what became of them", async () => {
  const program = await start();
  const host = ownAddress();
  const echo = await startEcho("web", { host });
  open.push(() => echo.close());
  const port = await freePort();
  const foreignPort = await freePort(new Set([port]));
  await put(bed, gatewayClasses as Resource, { metadata: { name: className }, spec: { controllerName } });
  const foreign = { metadata: { name: foreignClass }, spec: { controllerName: "example.test/other" } };
  await put(bed, gatewayClasses as Resource, foreign);
  const gateway = (name: string, gatewayClassName: string, at: number): Promise<unknown> => {
    const listeners = [{ name: "http", port: at, protocol: "HTTP" }];
    return put(bed, gateways as Resource, { metadata: { name, namespace }, spec: { gatewayClassName, listeners } });
  };
  await gateway("edge", className, port);
  await gateway("theirs", foreignClass, foreignPort);
  await put(bed, services as Resource, { metadata: { name: "web", namespace }, spec: { ports: [{ port: 80 }] } });
  const slice = {
    metadata: { name: "web-1", namespace, labels: { "kubernetes.io/service-name": "web" } },
    addressType: "IPv4",
    ports: [{ name: "", port: echo.port, protocol: "TCP" }],
    endpoints: [{ addresses: [host], conditions: { ready: true } }],
  };
  await put(bed, endpointSlices as Resource, slice);
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
  // What a caller says of the way that it came is not believed: the proxy says what it sees. Control: other headers pass.
  const way = {
    forwarded: "for=10.9.9.9;host=evil.test",
    "x-forwarded-for": "10.9.9.9",
    "x-forwarded-host": "evil.test",
  };
  await fetch(`http://127.0.0.1:${port}/`, { headers: { ...way, "x-forwarded-proto": "https", "x-harmless": "1" } });
  const { headers } = echo.seen.at(-1) ?? {};
  expect(headers).toMatchObject({ "x-harmless": "1", "x-forwarded-proto": "http" });
  expect(headers?.["x-forwarded-for"]).not.toContain("10.9.9.9");
  for (const name of ["forwarded", "x-forwarded-host"]) expect(headers).not.toHaveProperty(name);
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

  // What stands in a route of Gateways that are gone is taken back.
  const parents = async () => (await bed.kube.get(httpRoutes, { namespace, name: "all" }))?.status?.parents;
  expect(await parents()).toHaveLength(2);
  await start();
  for (const name of ["edge", "theirs"]) await bed.kube.delete(gateways, { namespace, name });
  await expect.poll(parents, soon).toEqual([]);
});
