import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureGatewayApi } from "#e2e/cluster/gateway-api.ts";
import { freePort } from "#e2e/cluster/ports.ts";
import { ownAddress, put, startTestProgram } from "#e2e/envoy/control-plane.ts";
import { startEcho } from "#e2e/envoy/echo.ts";
import { startEnvoy } from "#e2e/envoy/envoy.ts";
import { type Bed, openBed, unique } from "#e2e/harness/bed.ts";
import type { Resource } from "#runtime/api/resource.ts";
import { endpointSlices, gatewayClasses, gateways, httpRoutes, namespaces, services } from "../cluster-view/kinds.ts";
import { edgePolicies } from "../cluster-view/policy-kinds.ts";
import { controllerName } from "../cluster-view/view.ts";
import { jwksOf, signedToken, tokenKeys } from "../keystone-tokens.ts";

const soon = { timeout: 30_000, interval: 50 };
const namespace = unique("edge");
const className = unique("class");
const open: (() => unknown)[] = [];
let bed: Bed;

beforeAll(async () => {
  bed = await openBed();
  open.push(() => bed.close());
  await ensureGatewayApi(bed.cluster);
  await bed.kube.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  open.push(async () => {
    await bed.kube.delete(gatewayClasses, { name: className });
    await bed.kube.delete(namespaces, { name: namespace });
  });
});
afterAll(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

test("an EdgePolicy limits and checks what its route's Gateway passes on, says so, and is gone with its object", async () => {
  const echo = await startEcho("web", { host: ownAddress() });
  open.push(() => echo.close());
  const program = await startTestProgram(bed);
  open.push(() => program.stop());
  const port = await freePort(new Set([echo.port]));
  const named = (name: string) => ({ metadata: { name, namespace } });
  const listeners = [{ name: "http", port, protocol: "HTTP" }];
  await put(bed, gatewayClasses as Resource, { metadata: { name: className }, spec: { controllerName } });
  await put(bed, gateways as Resource, { ...named("edge"), spec: { gatewayClassName: className, listeners } });
  await put(bed, services as Resource, { ...named("web"), spec: { ports: [{ name: "http", port: 80 }] } });
  await put(bed, endpointSlices as Resource, {
    metadata: { name: "web-1", namespace, labels: { "kubernetes.io/service-name": "web" } },
    addressType: "IPv4",
    ports: [{ name: "http", port: echo.port, protocol: "TCP" }],
    endpoints: [{ addresses: [ownAddress()], conditions: { ready: true } }],
  });
  const rule = (name: string) => ({
    name,
    matches: [{ path: { type: "PathPrefix", value: `/${name}` } }],
    backendRefs: [{ name: "web", port: 80 }],
  });
  const rules = [rule("limited"), rule("free")];
  await put(bed, httpRoutes as Resource, { ...named("all"), spec: { parentRefs: [{ name: "edge" }], rules } });
  const proxy = await startEnvoy({ id: `gateway/${namespace}/edge`, xdsPort: program.xdsPort, apiType: "DELTA_GRPC" });
  open.push(() => proxy.stop());
  const status = async (path: string, token?: string): Promise<number> => {
    const headers: Record<string, string> = token === undefined ? {} : { "x-auth-token": token };
    return fetch(`http://127.0.0.1:${port}${path}`, { headers }).then(
      async (answer) => {
        await answer.bytes();
        return answer.status;
      },
      () => 0,
    );
  };
  const statuses = async (count: number, path: string, token?: string): Promise<readonly number[]> => {
    const seen: number[] = [];
    for (let at = 0; at < count; at++) seen.push(await status(path, token));
    return seen;
  };
  // Control: without a policy everything passes.
  await expect.poll(() => status("/limited"), soon).toBe(200);
  expect(await statuses(5, "/limited", "nonsense")).toEqual([200, 200, 200, 200, 200]);

  const keys = tokenKeys();
  await put(bed, edgePolicies as Resource, {
    ...named("limits"),
    spec: {
      targetRefs: [{ name: "all", sectionName: "limited" }, { name: "lost" }],
      rateLimits: [{ name: "users", by: [{ type: "Claim", claim: "sub" }], requests: 2, per: "1h" }],
      jwt: { jwks: jwksOf(keys), header: "X-Auth-Token" },
    },
  });
  await expect.poll(() => status("/limited", "nonsense"), soon).toBe(401);
  // The check and the limits are two resources, and either may come first.
  await expect.poll(() => status("/limited", signedToken(keys, { sub: "any" })), soon).toBe(429);
  expect(await statuses(3, "/limited", signedToken(keys, { sub: "one" }))).toEqual([200, 200, 429]);
  expect(await statuses(3, "/limited", signedToken(keys, { sub: "two" }))).toEqual([200, 200, 429]);
  expect(await statuses(3, "/limited")).toEqual([200, 200, 200]);
  expect(await statuses(3, "/free", "nonsense")).toEqual([200, 200, 200]);
  const says = async (): Promise<readonly string[]> => {
    const found = await bed.kube.get(edgePolicies, { namespace, name: "limits" });
    return (found?.status?.ancestors ?? []).flatMap(({ ancestorRef, conditions = [] }) =>
      conditions.map(({ type, reason }) => `${ancestorRef.name} ${ancestorRef.sectionName ?? ""}: ${type} ${reason}`),
    );
  };
  await expect
    .poll(says, soon)
    .toEqual([
      "all limited: Accepted Accepted",
      "all limited: Programmed Programmed",
      "lost : Accepted TargetNotFound",
      "lost : Programmed Invalid",
    ]);

  await bed.kube.delete(edgePolicies, { namespace, name: "limits" });
  await expect.poll(() => status("/limited", "nonsense"), soon).toBe(200);
  expect(await statuses(3, "/limited", signedToken(keys, { sub: "one" }))).toEqual([200, 200, 200]);
});
