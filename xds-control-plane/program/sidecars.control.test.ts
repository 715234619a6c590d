import { type AddressInfo, createServer } from "node:net";
import { request } from "undici";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort, openPorts } from "#e2e/cluster/ports.ts";
import { put } from "#e2e/envoy/control-plane.ts";
import type { Echo } from "#e2e/envoy/echo.ts";
import type { Envoy } from "#e2e/envoy/envoy.ts";
import { SidecarBed, soon } from "#e2e/envoy/sidecar-bed.ts";
import { unique } from "#e2e/harness/bed.ts";
import type { Resource } from "#runtime/api/resource.ts";
import { spiffeId } from "#spiffe/spiffe-id.ts";
import { gatewayClasses, gateways, grpcRoutes, httpRoutes, services, tlsRoutes } from "../cluster-view/kinds.ts";
import { meshMarks } from "../cluster-view/mesh-services.ts";
import { backendTlsPolicies, deniedIdentities } from "../cluster-view/policy-kinds.ts";
import { controllerName } from "../cluster-view/view.ts";

const className = unique("class");
const accepted = "Accepted True Accepted";
const http = { targetRefs: [{ name: "web", sectionName: "http" }] };
let gatewayPort: number;
let bed: SidecarBed;

beforeAll(async () => {
  bed = await SidecarBed.open(gatewayWithRoutes);
}, 300_000);
afterAll(() => bed?.close());

/** Somebody's Gateway in a namespace whose Secrets the control plane may not read: nobody is held up by it. */
async function gatewayWithRoutes(opened: SidecarBed): Promise<void> {
  const { cluster, namespace } = opened;
  await put(cluster, gatewayClasses as Resource, { metadata: { name: className }, spec: { controllerName } });
  opened.onClose(() => cluster.kube.delete(gatewayClasses, { name: className }));
  gatewayPort = await freePort();
  const listeners = [
    { name: "http", port: gatewayPort, protocol: "HTTP" },
    { name: "tls", port: 443, protocol: "TLS", tls: { mode: "Passthrough" } },
  ];
  const gateway = { metadata: { name: "edge", namespace }, spec: { gatewayClassName: className, listeners } };
  await put(cluster, gateways as Resource, gateway);
  const rules = [{ backendRefs: [{ name: "web", port: 80 }] }];
  for (const [resource, hostnames] of [
    [httpRoutes, ["http.test"]],
    [grpcRoutes, ["grpc.test"]],
    [tlsRoutes, ["tls.test"]],
  ] as const) {
    const spec = { parentRefs: [{ name: "edge" }], hostnames, rules };
    await put(cluster, resource as Resource, { metadata: { name: "all", namespace }, spec });
  }
  const validation = { hostname: "web.test", wellKnownCACertificates: "System" };
  const targetRefs = [{ group: "", kind: "Service", name: "web" }];
  await put(cluster, backendTlsPolicies as Resource, {
    metadata: { name: "all", namespace },
    spec: { targetRefs, validation },
  });
}

describe("an AccessPolicy", () => {
  test("is needed: without one the sidecar lets nobody in, and nobody finds the Service in its pod", async () => {
    await expect.poll(() => bed.directly(bed.caller, "/open"), soon).toBe(403);
    expect((await bed.fromPod("/open"))[0]).toBe(0);
  });

  test("lets in whom it names, for what it names; all others are refused and seen", async () => {
    const { caller, other, web, ofWeb } = bed;
    await bed.policy("readers", [{ callers: [{ id: caller }], methods: ["GET"], paths: [{ value: "/open" }] }], http);
    await expect.poll(async () => (await bed.fromPod("/open"))[0], soon).toBe(200);
    const forged = { "x-forwarded-client-cert": `URI=${other}`, "x-roles": "admin", "x-identity-status": "Confirmed" };
    const [, echo] = await bed.fromPod("/open/x", { headers: forged });
    expect(echo?.headers["x-forwarded-client-cert"]).toMatch(new RegExp(`^By=${web};Hash=[0-9a-f]{64};URI=${caller}$`));
    expect(echo?.headers["x-roles"]).toBeUndefined();
    expect(echo?.headers["x-identity-status"]).toBeUndefined();
    // How the caller's application called, and not how its sidecar went on: what it is told of links it can follow.
    expect(echo?.headers["x-forwarded-proto"]).toBe("http");
    expect((await bed.fromPod("/open", { method: "POST" }))[0]).toBe(403);
    expect((await bed.fromPod("/opened"))[0]).toBe(403);
    const conditions = async () => (await bed.says("readers")).conditions;
    await expect.poll(conditions, soon).toEqual([accepted, "Programmed True Programmed"]);

    expect(await bed.directly(caller, "/open")).toBe(200);
    expect(await bed.directly(other, "/open?token=hidden")).toBe(403);
    await expect.poll(() => bed.logged({ peer: other, path: "/open", status: 403 }).length, soon).toBe(1);
    expect(JSON.stringify(ofWeb.accessLog())).not.toContain("hidden");
    expect(await bed.fromOutside("https", "/open")).toBe(0);
    expect(await bed.fromOutside("http", "/open")).toBe(0);
    expect(await bed.directly(caller, "/open", { maxVersion: "TLSv1.2" })).toBe(0);
    expect(await ofWeb.stat(`listener.0.0.0.0_${bed.ports.inbound}.ssl.fail_verify_no_cert`)).toBe(1);
    // It is for one port: bytes of the other are not passed on.
    expect(await bed.bytesDirectly(caller)).toBe("");
  });

  test("adds up with others; a prefix is for all below it by whole segments, and for nobody beside it", async () => {
    const { caller, other } = bed;
    const below = (prefix: string) => [{ callers: [{ prefix }], paths: [{ value: "/all" }] }];
    const all = other.slice(0, other.lastIndexOf("/"));
    await bed.policy("all", below(all), http);
    await expect.poll(() => bed.directly(other, "/all"), soon).toBe(200);
    expect(await bed.directly(other, "/open")).toBe(403);
    expect(await bed.directly(caller, "/open")).toBe(200);
    await bed.policy("all", below(`${all}/oth`), http);
    await expect.poll(() => bed.directly(other, "/all"), soon).toBe(403);
  });

  test("is over when it is deleted, in the caller's pod, too", async () => {
    await bed.withoutPolicies();
    await expect.poll(() => bed.directly(bed.caller, "/open"), soon).toBe(403);
    await expect.poll(async () => (await bed.fromPod("/open"))[0], soon).toBe(0);
  });

  test("on trial refuses nobody, and counts and logs whom it would; in force it refuses them", async () => {
    const { caller, other, ofWeb } = bed;
    await bed.policy("trial", [{ callers: [{ id: other }] }], { mode: "Audit" });
    await expect.poll(() => bed.directly(caller, "/tried"), soon).toBe(200);
    expect(await bed.directly(other, "/tried")).toBe(200);
    const verdict = (peer: string) => bed.logged({ peer, path: "/tried", status: 200 }).at(-1)?.["trial"];
    await expect.poll(() => verdict(caller), soon).toBe("denied");
    await expect.poll(() => verdict(other), soon).toBe("allowed");
    expect(await ofWeb.admin("/stats?filter=trial_.*shadow_denied")).toMatch(/shadow_denied: [1-9]/);

    await bed.policy("trial", [{ callers: [{ id: other }] }]);
    await expect.poll(() => bed.directly(caller, "/tried"), soon).toBe(403);
    expect(await bed.directly(other, "/tried")).toBe(200);
    await bed.withoutPolicies();
  });

  test("that proxies reject is not programmed, and says why in their words, until they take it", async () => {
    const { cluster, namespace } = bed;
    const occupied = createServer();
    await new Promise<void>((resolve) => occupied.listen(0, "0.0.0.0", resolve));
    const serve = (targetPort: number): Promise<unknown> => {
      const labels = { [meshMarks.enabled]: "true" };
      const annotations = { [meshMarks.serviceAccount]: "web", [meshMarks.application]: "127.0.0.1:9" };
      const spec = { ports: [{ port: 81, targetPort, appProtocol: "http" }] };
      return put(cluster, services as Resource, { metadata: { name: "second", namespace, labels, annotations }, spec });
    };
    await bed.policy("rejected", [{ callers: [{ id: bed.other }] }], { targetRefs: [{ name: "second" }] });
    await serve((occupied.address() as AddressInfo).port);
    const conditions = async () => (await bed.says("rejected")).conditions;
    await expect.poll(conditions, soon).toEqual([accepted, "Programmed False Rejected"]);
    expect((await bed.says("rejected")).message).toContain("Address already in use");
    occupied.close();
    await serve(await freePort(new Set(Object.values(bed.ports))));
    await expect.poll(conditions, soon).toEqual([accepted, "Programmed True Programmed"]);
    await cluster.kube.delete(services, { namespace, name: "second" });
    await bed.withoutPolicies();
  });
});

test("a kubelet, which has no SVID, may ask for the paths that are said, on a port of its own, and for nothing else", async () => {
  await expect.poll(() => bed.probe("/healthz"), soon).toBe(200);
  for (const path of ["/", "/healthz/x", "/healthz/../open", "/live"]) expect(await bed.probe(path)).toBe(404);
  expect(await bed.probe("/healthz", { method: "POST" })).toBe(404);
  const asked = ["/healthz", "/live"].map((path) => `http=${bed.ports.health}${path}`).join(",");
  await markWeb({ [meshMarks.health]: asked });
  await expect.poll(() => bed.probe("/live"), soon).toBe(200);
  expect(await bed.probe("/healthz")).toBe(200);
  expect(await bed.probe("/")).toBe(404);
  // Who asks for something else is seen; what is asked every few seconds, for ever, is not.
  await expect.poll(() => bed.logged({ path: "/live", status: 404 }).length, soon).toBeGreaterThan(0);
  expect(bed.logged({ path: "/live", status: 200 })).toEqual([]);
});

test("who has no sidecar comes in at a port for clear text, as long as the Service has one, and is seen", async () => {
  const port = await freePort();
  const said = () => bed.firstFromPod(port, "hello");
  expect(await said()).toBe("");
  await markWeb({ [meshMarks.clearPort]: `bytes=${port}` });
  await expect.poll(said, soon).toBe("hello");
  // It is for bytes: by mutual TLS nobody is let in whom no policy names.
  expect(await bed.bytesDirectly(bed.caller)).toBe("");
  await expect
    .poll(() => bed.logged({ address: "127.0.0.1", peer: null, received: 5 }).length, soon)
    .toBeGreaterThan(0);
  await markWeb({ [meshMarks.clearPort]: null });
  await expect.poll(said, soon).toBe("");
});

async function markWeb(annotations: Readonly<Record<string, string | null>>): Promise<void> {
  const { cluster, namespace } = bed;
  await cluster.kube.mergePatch(services, { namespace, name: "web" }, { metadata: { annotations } } as never);
}

describe("a Gateway", () => {
  test("calls Services of the mesh by its own SVID, and is a caller like the others", async () => {
    const { edge, web } = bed;
    await bed.proxy(`gateway/${bed.namespace}/edge`, edge);
    const ask = async () => {
      const answer = await request(`http://127.0.0.1:${gatewayPort}/`, { headers: { host: "http.test" } });
      const text = await answer.body.text();
      return { status: answer.statusCode, text };
    };
    const status = () =>
      ask().then(
        (answer) => answer.status,
        () => 0,
      );
    await expect.poll(status, soon).toBe(403);
    await bed.policy("edge", [{ callers: [{ id: edge }] }], http);
    await expect.poll(status, soon).toBe(200);
    const { headers } = JSON.parse((await ask()).text) as Echo;
    expect(headers["x-forwarded-client-cert"]).toContain(`By=${web};`);
    expect(headers["x-forwarded-client-cert"]).toContain(`URI=${edge}`);
    await bed.withoutPolicies();
    await expect.poll(status, soon).toBe(403);
  });
});

test("an HTTPRoute of the Service rules its callers' calls, in their pods, for as long as it is there", async () => {
  const { cluster, namespace, caller } = bed;
  await bed.policy("routed", [{ callers: [{ id: caller }] }], http);
  await expect.poll(async () => (await bed.fromPod("/elsewhere"))[0], soon).toBe(200);
  const key = { namespace, name: "of-web" };
  const requestHeaderModifier = { set: [{ name: "x-routed", value: "by-its-producer" }] };
  await put(cluster, httpRoutes as Resource, {
    metadata: key,
    spec: {
      parentRefs: [{ group: "", kind: "Service", name: "web", sectionName: "http" }],
      rules: [
        {
          matches: [{ path: { type: "PathPrefix", value: "/routed" } }],
          filters: [{ type: "RequestHeaderModifier", requestHeaderModifier }],
          backendRefs: [{ name: "web", port: 80 }],
        },
      ],
    },
  });
  await expect.poll(async () => (await bed.fromPod("/elsewhere"))[0], soon).toBe(404);
  const [status, echo] = await bed.fromPod("/routed/x");
  expect(status).toBe(200);
  expect(echo?.headers["x-routed"]).toBe("by-its-producer");
  expect(echo?.headers["x-forwarded-client-cert"]).toContain(`URI=${caller}`);
  // Who comes to the Service's own sidecar is not ruled by it.
  expect(await bed.directly(caller, "/elsewhere")).toBe(200);
  const conditions = async () =>
    (await cluster.kube.get(httpRoutes, key))?.status?.parents?.[0]?.conditions?.map(
      ({ type, status: is }) => `${type} ${is}`,
    );
  await expect.poll(conditions, soon).toEqual(["Accepted True", "ResolvedRefs True"]);
  await cluster.kube.delete(httpRoutes, key);
  await expect.poll(async () => (await bed.fromPod("/elsewhere"))[0], soon).toBe(200);
  await bed.withoutPolicies();
});

test("PostgreSQL, memcached and Keystone themselves are found in the caller's pod, and speak through both sidecars", async () => {
  const { cluster, namespace, caller } = bed;
  const real = openPorts(cluster.cluster.stateDir);
  const [sql = 0, cache = 0, identity = 0] = await bed.serve("cloud", [
    { name: "sql", appProtocol: "postgresql", application: await real.take("postgres") },
    { name: "cache", appProtocol: "memcache", application: await real.take("memcached") },
    { name: "identity", appProtocol: "http", application: await real.take("keystone") },
  ]);
  const version = () => bed.firstFromPod(cache, "version\r\n");
  expect(await version()).toBe("");
  await bed.policy("cloud", [{ callers: [{ id: caller }] }], { targetRefs: [{ name: "cloud" }] });
  await expect.poll(version, soon).toMatch(/^VERSION 1\.\d/);
  // PostgreSQL's SSLRequest, which it answers in one letter.
  const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
  await expect.poll(() => bed.firstFromPod(sql, sslRequest), soon).toMatch(/^[NS]$/);
  const keystone = async (): Promise<string> =>
    fetch(`http://127.0.0.1:${identity}/v3`).then(
      (answer) => answer.text(),
      () => "",
    );
  await expect.poll(keystone, soon).toContain('"version"');
  await bed.withoutPolicies();
  await expect.poll(version, soon).toBe("");
  await cluster.kube.delete(services, { namespace, name: "cloud" });
});

describe("a DeniedIdentity", () => {
  test("is refused within ten seconds, and what it has open is cut; others go on, and it, too, when it is lifted", async () => {
    const { caller, other } = bed;
    await bed.policy("both", [{ callers: [{ id: caller }, { id: other }] }]);
    const asksFromPod = async () => (await bed.fromPod("/"))[0];
    await expect.poll(asksFromPod, soon).toBe(200);
    await expect.poll(() => bed.bytesDirectly(caller), soon).toBe("hello");
    const cut = new Map<string, number>();
    const note = (what: string) => () => void cut.set(what, performance.now());
    (await bed.openBytes()).once("close", note("connection"));
    void bed.fromPod("/never").then(note("stream"));
    // Control: an identity that nobody would let in is denied, and no chain changes by it.
    const updates = () => bed.ofWeb.stat("listener_manager.listener_in_place_updated");
    const reloads = () => bed.ofWeb.stat("extension_config_discovery.http_filter.denied.config_reload");
    const [updated, reloaded] = [await updates(), await reloads()];
    await bed.deny(spiffeId("spiffe://away.test/ns/team-a/sa/web"));
    await expect.poll(reloads, soon).toBeGreaterThan(reloaded ?? 0);
    await bed.lift();
    await expect.poll(reloads, soon).toBeGreaterThan((reloaded ?? 0) + 1);
    expect(await updates()).toBe(updated);
    expect(cut.size).toBe(0);

    const isConnected = (proxy: Envoy) => proxy.stat("control_plane.connected_state");
    expect(await isConnected(bed.ofCaller)).toBe(1);
    const since = performance.now();
    await bed.deny(caller);
    await expect.poll(() => bed.directly(caller, "/"), soon).toBe(403);
    const refused = performance.now();
    await expect.poll(() => [...cut.keys()].toSorted(), soon).toEqual(["connection", "stream"]);
    for (const at of [refused, ...cut.values()]) expect(at - since).toBeLessThan(10_000);
    expect(await bed.bytesDirectly(caller)).toBe("");
    await expect.poll(() => bed.logged({ peer: caller, path: "/", status: 403 }).length, soon).toBeGreaterThan(0);
    // It is given no configuration either, by the stream that it had; web is.
    await expect.poll(() => isConnected(bed.ofCaller), soon).toBe(0);
    expect(await isConnected(bed.ofWeb)).toBe(1);
    expect(await bed.directly(other, "/")).toBe(200);
    expect(await bed.bytesDirectly(other)).toBe("hello");
    const conditions = async () =>
      (await bed.cluster.kube.get(deniedIdentities, { name: bed.namespace }))?.status?.conditions?.map(
        ({ type, status }) => `${type} ${status}`,
      );
    await expect.poll(conditions, soon).toEqual(["Programmed True"]);

    await bed.lift();
    await expect.poll(asksFromPod, soon).toBe(200);
    await expect.poll(() => bed.bytesDirectly(caller), soon).toBe("hello");
  });
});
