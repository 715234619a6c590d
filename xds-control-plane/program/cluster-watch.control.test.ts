import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureGatewayApi } from "#e2e/cluster/gateway-api.ts";
import { put } from "#e2e/envoy/control-plane.ts";
import { type Bed, openBed, unique } from "#e2e/harness/bed.ts";
import type { Resource } from "#runtime/api/resource.ts";
import { connect } from "#runtime/client/connection.ts";
import { createTransport, type Transport } from "#runtime/client/transport.ts";
import { createLogger } from "#runtime/observe/log.ts";
import { Informers } from "#runtime/watch/informers.ts";
import { gatewayClasses, gateways, namespaces, secrets, services } from "../cluster-view/kinds.ts";
import type { ClusterObjects } from "../cluster-view/objects.ts";
import { controllerName } from "../cluster-view/view.ts";
import { watchCluster } from "./cluster-watch.ts";

const soon = { timeout: 45_000, interval: 50 };
const namespace = unique("awaited");
const className = unique("class");
const stop = new AbortController();
const open: (() => unknown)[] = [];
let bed: Bed;
let real: Transport;
let seen: ClusterObjects | undefined;
/** Names of core Secrets that the API server was asked for and is kept from answering. */
const held = new Set<string>();

beforeAll(async () => {
  bed = await openBed();
  open.push(() => bed.close());
  await ensureGatewayApi(bed.cluster);
  await bed.kube.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  open.push(async () => {
    await bed.kube.delete(gatewayClasses, { name: className });
    await bed.kube.delete(namespaces, { name: namespace });
  });
  const connection = await connect({
    kubeconfig: bed.cluster.kubeconfigPath,
    impersonate: { user: "system:serviceaccount:nephele-system:nephele-xds", groups: ["system:authenticated"] },
  });
  open.push(() => connection.close());
  real = createTransport(connection, { userAgent: "nephele-tests" });
  watch((objects) => {
    seen = objects;
  });
});
afterAll(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** The API server, but that it never answers for one core Secret, and for another fails at first. */
function faulty(): Transport {
  let hasFailed = false;
  return {
    ...real,
    async *lines(request) {
      const [, name = ""] = String(request.query?.["fieldSelector"]).split("metadata.name=");
      if (name.startsWith("slow")) {
        held.add(name);
        await new Promise<void>((resolve) =>
          request.signal?.addEventListener("abort", () => resolve(), { once: true }),
        );
        return;
      }
      if (name === "flaky" && !hasFailed) {
        hasFailed = true;
        throw new Error("the connection was reset");
      }
      yield* real.lines(request);
    },
  };
}

/** Watches the cluster from now on. */
function watch(onObjects: (objects: ClusterObjects) => void): void {
  const transport = faulty();
  const informers = new Informers(transport, () => {});
  const watching = watchCluster(informers, transport, createLogger({ level: "silent" }), onObjects, stop.signal);
  informers.start(stop.signal);
  open.push(async () => {
    stop.abort();
    await Promise.all([informers.stopped(), watching.stopped()]);
  });
}

const gateway = (name: string, ...certificates: readonly string[]): Promise<unknown> => {
  const certificateRefs = certificates.map((each) => ({ name: each }));
  const listeners = [{ name: "https", port: 443, protocol: "HTTPS", tls: { mode: "Terminate", certificateRefs } }];
  const spec = { gatewayClassName: className, listeners };
  return put(bed, gateways as Resource, { metadata: { name, namespace }, spec });
};
const certificatesOf = (name: string): readonly string[] | undefined => {
  const found = seen?.gateways.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
  return found?.spec?.listeners.flatMap(({ tls }) => tls?.certificateRefs?.map((each) => each.name) ?? []);
};
const hasService = (name: string): boolean =>
  seen?.services.some(({ metadata }) => metadata.namespace === namespace && metadata.name === name) === true;

test("the first view waits for a certificate that could not be read at once", async () => {
  await put(bed, gatewayClasses as Resource, { metadata: { name: className }, spec: { controllerName } });
  await gateway("early", "flaky");
  const views: ClusterObjects[] = [];
  watch((objects) => views.push(objects));
  await expect.poll(() => views.length, soon).toBeGreaterThan(0);
  expect(views[0]?.byName.get(`${namespace}/flaky`)).toBe("forbidden");
  await bed.kube.delete(gateways, { namespace, name: "early" });
}, 120_000);

test("a Gateway that waits for a certificate's first answer holds up nothing else, and is seen as it was", async () => {
  await put(bed, gatewayClasses as Resource, { metadata: { name: className }, spec: { controllerName } });
  await put(bed, secrets as Resource, { metadata: { name: "tls", namespace }, data: {} });
  await gateway("edge", "tls");
  await expect.poll(() => certificatesOf("edge"), soon).toEqual(["tls"]);
  await expect.poll(() => seen?.byName.get(`${namespace}/tls`), soon).toBe("forbidden");

  await gateway("edge", "slow-1");
  await gateway("new", "slow-2");
  await expect.poll(() => [...held].sort(), soon).toEqual(["slow-1", "slow-2"]);
  await put(bed, services as Resource, { metadata: { name: "web", namespace }, spec: { ports: [{ port: 80 }] } });
  await expect.poll(() => hasService("web"), soon).toBe(true);
  expect(certificatesOf("edge")).toEqual(["tls"]);
  expect(certificatesOf("new")).toEqual(["slow-2"]);
  expect(seen?.byName.get(`${namespace}/slow-2`)).toBe("awaited");

  // Control: a name that is answered is seen.
  await gateway("edge", "other");
  await expect.poll(() => certificatesOf("edge"), soon).toEqual(["other"]);
}, 120_000);
