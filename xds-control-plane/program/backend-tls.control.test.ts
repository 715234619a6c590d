import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureGatewayApi } from "#e2e/cluster/gateway-api.ts";
import { openPki } from "#e2e/cluster/pki.ts";
import { freePort } from "#e2e/cluster/ports.ts";
import { ownAddress, put, startTestProgram } from "#e2e/envoy/control-plane.ts";
import { startEnvoy } from "#e2e/envoy/envoy.ts";
import { type Bed, openBed, unique } from "#e2e/harness/bed.ts";
import { defineResource, type Resource } from "#runtime/api/resource.ts";
import { endpointSlices, gatewayClasses, gateways, httpRoutes, namespaces, services } from "../cluster-view/kinds.ts";
import { backendTlsPolicies, configMaps } from "../cluster-view/policy-kinds.ts";
import { controllerName } from "../cluster-view/view.ts";

const rbac = { group: "rbac.authorization.k8s.io", version: "v1" } as const;
const roleBindings = defineResource({ ...rbac, plural: "rolebindings", kind: "RoleBinding", namespaced: true });

const soon = { timeout: 30_000, interval: 50 };
const namespace = unique("tls");
const className = unique("class");
const open: (() => unknown)[] = [];
let bed: Bed;

beforeAll(async () => {
  bed = await openBed();
  open.push(() => bed.close());
  await ensureGatewayApi(bed.cluster);
  await bed.kube.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  // The control plane of another test may see these objects, too, with its ServiceAccount's rights: both are to say the same.
  await put(bed, roleBindings as Resource, {
    metadata: { name: "xds-certificates", namespace },
    roleRef: { apiGroup: rbac.group, kind: "ClusterRole", name: "nephele:xds-certificates" },
    subjects: [{ kind: "ServiceAccount", name: "nephele-xds", namespace: "nephele-system" }],
  });
  open.push(async () => {
    await bed.kube.delete(gatewayClasses, { name: className });
    await bed.kube.delete(namespaces, { name: namespace });
  });
});
afterAll(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** An HTTPS server for the name web.test, by an authority of its own. Gives its port and the authority. */
async function serve(): Promise<{ readonly port: number; readonly authority: string }> {
  const folder = mkdtempSync(join(tmpdir(), "backend-tls-"));
  open.push(() => rmSync(folder, { recursive: true, force: true }));
  const authority = await openPki(folder).authority("ca", "backend");
  const { certificate: cert, key } = await authority.issue({ commonName: "web", dnsNames: ["web.test"] });
  const server = createServer({ cert, key }, (_request, response) => response.end("by TLS"));
  await new Promise<void>((resolve) => server.listen(0, ownAddress(), resolve));
  open.push(() => server.close());
  return { port: (server.address() as AddressInfo).port, authority: authority.certificate };
}

test("a Service is spoken to by TLS as its policy says, and not at all where its authority or its name is not there", async () => {
  const { port, authority } = await serve();
  const program = await startTestProgram(bed);
  open.push(() => program.stop());
  const at = await freePort(new Set([port]));
  const listeners = [{ name: "http", port: at, protocol: "HTTP" }];
  const named = (name: string) => ({ metadata: { name, namespace } });
  await put(bed, gatewayClasses as Resource, { metadata: { name: className }, spec: { controllerName } });
  await put(bed, gateways as Resource, { ...named("edge"), spec: { gatewayClassName: className, listeners } });
  await put(bed, services as Resource, { ...named("web"), spec: { ports: [{ name: "https", port: 443 }] } });
  await put(bed, endpointSlices as Resource, {
    metadata: { name: "web-1", namespace, labels: { "kubernetes.io/service-name": "web" } },
    addressType: "IPv4",
    ports: [{ name: "https", port, protocol: "TCP" }],
    endpoints: [{ addresses: [ownAddress()], conditions: { ready: true } }],
  });
  const rules = [{ backendRefs: [{ name: "web", port: 443 }] }];
  await put(bed, httpRoutes as Resource, { ...named("all"), spec: { parentRefs: [{ name: "edge" }], rules } });
  const proxy = await startEnvoy({ id: `gateway/${namespace}/edge`, xdsPort: program.xdsPort, apiType: "DELTA_GRPC" });
  open.push(() => proxy.stop());
  const ask = async (): Promise<string> => {
    try {
      const answer = await fetch(`http://127.0.0.1:${at}/`);
      return `${answer.status} ${answer.ok ? await answer.text() : ""}`.trim();
    } catch {
      return "";
    }
  };
  const policy = (hostname: string): Promise<unknown> => {
    const targetRefs = [{ group: "", kind: "Service", name: "web", sectionName: "https" }];
    const validation = { hostname, caCertificateRefs: [{ group: "", kind: "ConfigMap", name: "authority" }] };
    return put(bed, backendTlsPolicies as Resource, { ...named("web"), spec: { targetRefs, validation } });
  };
  const says = async (): Promise<readonly string[]> => {
    const found = await bed.kube.get(backendTlsPolicies, { namespace, name: "web" });
    const [gateway] = found?.status?.ancestors ?? [];
    return (gateway?.conditions ?? []).map(({ type, status, reason }) => `${type} ${status} ${reason}`);
  };
  // Without a policy it is clear text, which the server does not understand.
  await expect.poll(ask, soon).toMatch(/^50\d/);

  await policy("web.test");
  await expect
    .poll(says, soon)
    .toEqual(["Accepted False NoValidCACertificate", "ResolvedRefs False InvalidCACertificateRef"]);
  await expect.poll(ask, soon).toBe("503");
  await put(bed, configMaps as Resource, { ...named("authority"), data: { "ca.crt": authority } });
  await expect.poll(ask, soon).toBe("200 by TLS");
  await expect.poll(says, soon).toEqual(["Accepted True Accepted", "ResolvedRefs True ResolvedRefs"]);

  // Control: a server of another name is not spoken to.
  await policy("other.test");
  await expect.poll(ask, soon).toBe("503");
  await policy("web.test");
  await expect.poll(ask, soon).toBe("200 by TLS");
});
