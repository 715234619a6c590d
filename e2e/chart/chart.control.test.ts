import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { type Kubectl, kubectl } from "#e2e/cluster/kubectl.ts";
import { type Bed, openBed } from "#e2e/harness/bed.ts";
import { chart, type Helm, openHelm } from "#e2e/node/helm.ts";

let bed: Bed;
let helm: Helm;
let run: Kubectl;
const folder = mkdtempSync(join(tmpdir(), "chart-"));

beforeAll(async () => {
  bed = await openBed();
  helm = await openHelm(bed.cluster.kubeconfigPath, () => {});
  run = kubectl(bed.cluster.kubectl, bed.cluster.kubeconfigPath);
}, 300_000);
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await bed.close();
});

const render = (...values: readonly string[]): Promise<string> =>
  helm("template", "nephele", chart, "--namespace", "nephele-system", ...values.flatMap((value) => ["--set", value]));

type Rendered = readonly { readonly kind: string; readonly metadata: { readonly name: string } }[];
/** What of a rendering is the xDS control plane's. */
const xdsObjects = (rendered: string): Rendered => objectsOf(rendered, /^nephele[:-]xds/);
/** And SPIRE's. */
const spireObjects = (rendered: string): Rendered => objectsOf(rendered, /^nephele[:-](spire|cloud-identities)/);

function objectsOf(rendered: string, name: RegExp): Rendered {
  return parseAllDocuments(rendered)
    .map((each) => each.toJS() as { kind: string; metadata: { name: string } } | null)
    .filter((each) => each !== null)
    .filter(({ metadata }) => name.test(metadata.name));
}

/** Whether the API server would take the objects; throws what it says where it would not. */
async function taken(objects: string): Promise<void> {
  const file = join(folder, "objects.json");
  writeFileSync(file, objects);
  await run("apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", file);
}
const listOf = (items: Rendered): string => JSON.stringify({ apiVersion: "v1", kind: "List", items });

describe("the chart with the xDS control plane", () => {
  test("is as Helm wants it, and the API server takes all of it", async () => {
    await helm("lint", chart, "--strict", "--set", "xds.enabled=true");
    const objects = xdsObjects(await render("xds.enabled=true"));
    expect(objects.map(({ kind }) => kind).toSorted()).toEqual([
      "ClusterRole",
      "ClusterRole",
      "ClusterRoleBinding",
      "Deployment",
      "NetworkPolicy",
      "PodDisruptionBudget",
      "Service",
      "ServiceAccount",
    ]);
    await taken(listOf(objects));
    // Control: the API server looks.
    await expect(taken(listOf(objects).replace('"containers"', '"contains"'))).rejects.toThrow(/contains/);
  });

  test("has nothing of it where it is not enabled, and takes no value that it does not know", async () => {
    expect(xdsObjects(await render())).toEqual([]);
    await expect(render("xds.enabled=true", "xds.replicas=11")).rejects.toThrow(/replicas/);
    await expect(render("xds.listen=0.0.0.0:1")).rejects.toThrow(/listen/);
  });
});

test("the folder of SPIRE's agents that proxies of Gateways may mount is the one that the chart gives them", async () => {
  const policyOf = async (...values: readonly string[]): Promise<string> =>
    JSON.stringify(objectsOf(await render(...values), /^nephele-operator-gateways$/));
  expect(await policyOf()).toContain("path == '/run/nephele/spire-agent'");
  const other = await policyOf("spire.agent.socketFolder=/run/other");
  expect(other).toContain("path == '/run/other'");
  expect(other).not.toContain("/run/nephele");
});

describe("the chart with SPIRE", () => {
  const enabled = ["spire.enabled=true", "spire.trustDomain=cloud.test"];

  test("is as Helm wants it, and the API server takes all of it", async () => {
    await helm("lint", chart, "--strict", ...enabled.flatMap((value) => ["--set", value]));
    const objects = spireObjects(await render(...enabled));
    const kinds = new Set(objects.map(({ kind }) => kind));
    for (const kind of ["StatefulSet", "DaemonSet", "NetworkPolicy", "Job", "ConfigMap"]) expect(kinds).toContain(kind);
    await taken(listOf(objects));
    await expect(taken(listOf(objects).replaceAll('"hostPID"', '"hostPid"'))).rejects.toThrow(/hostPid/);
  });

  test("has nothing of it where it is not enabled", async () => {
    expect(spireObjects(await render())).toEqual([]);
  });

  test("gives the operator what it needs with SPIRE by a file of rbac/, which the proof of its rights reads", async () => {
    const rights = spireObjects(await render(...enabled)).filter(({ metadata }) =>
      /cloud-identities/.test(metadata.name),
    );
    expect(rights.map(({ kind }) => kind)).toEqual(["Role", "RoleBinding"]);
    const text = readFileSync(join(chart, "rbac/spire.yaml"), "utf8");
    expect(rights).toEqual(parseAllDocuments(text).map((each) => each.toJS() as unknown));
  });

  const authority = ["spire.upstream.trustBundle=-----BEGIN CERTIFICATE-----"];
  test.each([
    ["disk", []],
    ["cert-manager", [...authority, "spire.upstream.certManager.issuerName=cloud"]],
  ])("lets the server out to an API server on any port, with the authority %s", async (kind, values) => {
    const objects = spireObjects(await render(...enabled, `spire.upstream.kind=${kind}`, ...values));
    const policy = objects.find(
      (each) => each.kind === "NetworkPolicy" && each.metadata.name === "nephele-spire-server",
    );
    expect(policy).toMatchObject({
      spec: { egress: [{}, { ports: [{ protocol: "TCP", port: 1, endPort: 65_535 }] }] },
    });
  });

  test("gives the operator what it needs with sidecars by a file of rbac/, and tells it who configures them", async () => {
    const sidecars = [...enabled, "xds.enabled=true", "cloudSidecars.enabled=true"];
    const rendered = await render(...sidecars);
    const rights = objectsOf(rendered, /cloud-sidecars/);
    const text = readFileSync(join(chart, "rbac/sidecars.yaml"), "utf8");
    expect(rights).toEqual(parseAllDocuments(text).map((each) => each.toJS() as unknown));
    expect(rendered).toContain("--xds-server=nephele-xds.nephele-system.svc:18000");
    expect(rendered).toContain("--cloud-sidecars");
    expect(await render(...enabled, "xds.enabled=true")).not.toContain("cloud-sidecars");
  });

  test("gives the operator rights in every namespace for Gateways alone, and tells it and the control plane of them", async () => {
    const gateways = [...enabled, "xds.enabled=true", "gateways.enabled=true"];
    const rendered = await render(...gateways, "gateways.replicas=3");
    const text = readFileSync(join(chart, "rbac/gateways.yaml"), "utf8");
    expect(objectsOf(rendered, /^nephele:operator-gateways$/)).toEqual(
      parseAllDocuments(text).map((each) => each.toJS() as unknown),
    );
    expect(rendered).toContain("kind: GatewayClass");
    for (const flag of ["--gateways", "--gateway-service=LoadBalancer", "--gateway-replicas=3", "--deployed-gateways"])
      expect(rendered).toContain(`- ${flag}\n`);
    // Control: without them there is none of it.
    const without = await render(...enabled, "xds.enabled=true");
    expect(objectsOf(without, /^nephele:operator-gateways$/)).toEqual([]);
    expect(without).not.toMatch(/kind: GatewayClass|- --(deployed-)?gateway/);
  });

  test("lets the operator make a Cloud's edge, and the control plane read its certificate and no other Secret", async () => {
    const gateways = [...enabled, "xds.enabled=true", "gateways.enabled=true"];
    const text = readFileSync(join(chart, "rbac/edge.yaml"), "utf8");
    const rendered = await render(...gateways, "cloud.spec.gateway.certificateSecretRef.name=cloud-tls");
    expect(objectsOf(rendered, /^nephele:cloud-edge$/)).toEqual(
      parseAllDocuments(text).map((each) => each.toJS() as unknown),
    );
    const [role, binding] = objectsOf(rendered, /^nephele:edge-certificate$/);
    expect(role).toMatchObject({ rules: [{ resourceNames: ["cloud-tls"], verbs: ["list", "watch"] }] });
    expect(binding).toMatchObject({ subjects: [{ name: "nephele-xds" }] });
    // Control: without an edge there is no Secret that it may read.
    expect(objectsOf(await render(...gateways), /^nephele:edge-certificate$/)).toEqual([]);
    expect(objectsOf(await render(...enabled, "xds.enabled=true"), /^nephele:cloud-edge$/)).toEqual([]);
  });

  test("has its agents on nodes of the operator's tolerations, and of theirs", async () => {
    const taints = ["operator.tolerations[0].key=ours", "spire.agent.tolerations[0].key=guests"];
    const agents = spireObjects(await render(...enabled, ...taints)).find(({ kind }) => kind === "DaemonSet");
    expect(agents).toMatchObject({
      spec: { template: { spec: { tolerations: [{ key: "ours" }, { key: "guests" }] } } },
    });
  });

  test.each([
    [["spire.enabled=true"], /trustDomain/],
    [["spire.enabled=true", "spire.trustDomain=cloud.test/path"], /trustDomain/],
    [[...enabled, "spire.lifetimes.leafSeconds=3601"], /leafSeconds/],
    [
      [...enabled, "spire.lifetimes.intermediateSeconds=10799"],
      /intermediateSeconds is 10799.*set it to 10800 or more/,
    ],
    [[...enabled, "spire.upstream.kind=cert-manager"], /issuerName/],
    [[...enabled, "spire.upstream.kind=vault"], /trustBundle/],
    [[...enabled, "spire.upstream.kind=self-signed"], /upstream/],
    [[...enabled, "cloudSidecars.enabled=true"], /cloudSidecars.enabled needs spire.enabled and xds.enabled/],
    [[...enabled, "gateways.enabled=true"], /gateways.enabled: .*set xds.enabled and spire.enabled/],
    [["xds.enabled=true", "gateways.enabled=true"], /gateways.enabled: .*set xds.enabled and spire.enabled/],
  ])("refuses %s", async (values, problem) => {
    await expect(render(...values)).rejects.toThrow(problem);
  });
});

describe("the chart with the service that decides by Rego", () => {
  const mesh = ["spire.enabled=true", "spire.trustDomain=cloud.test", "xds.enabled=true"];
  const caller = "spiffe://cloud.test/ns/nephele-system/sa/edge-gateway";
  const enabled = [...mesh, "authorization.enabled=true", `authorization.callers[0]=${caller}`];

  test("is as Helm wants it, and the API server takes all of it; it is not there where nobody asks for it", async () => {
    const rendered = await render(...enabled);
    const objects = objectsOf(rendered, /^nephele-authorization$/);
    expect(objects.map(({ kind }) => kind).toSorted()).toEqual([
      "Deployment",
      "NetworkPolicy",
      "PodDisruptionBudget",
      "Service",
      "ServiceAccount",
    ]);
    expect(rendered).toContain(`--caller=${caller}`);
    await taken(listOf(objects));
    expect(objectsOf(await render(...mesh), /^nephele-authorization$/)).toEqual([]);
  });

  test.each([
    [[...mesh, "authorization.enabled=true"], /callers/],
    [[...mesh, "authorization.enabled=true", "authorization.callers[0]=everybody"], /callers/],
    [["authorization.enabled=true", `authorization.callers[0]=${caller}`], /authorization.enabled needs xds.enabled/],
    [[...enabled, "authorization.configMap="], /configMap/],
  ])("refuses %s", async (values, problem) => {
    await expect(render(...values)).rejects.toThrow(problem);
  });
});

describe("the chart with the console proxy", () => {
  const enabled = ["console.enabled=true", "console.url=wss://consoles.example.org", "console.parentRefs[0].name=edge"];

  test("has a route for its host, and takes pages of elsewhere", async () => {
    const origins = ["https://a.example", "http://b.example:8080", "https://192.0.2.1:8443"];
    const rendered = await render(
      ...enabled,
      ...origins.map((origin, index) => `console.allowedOrigins[${index}]=${origin}`),
    );
    const all = objectsOf(rendered, /^nephele-console$/);
    expect(all.find(({ kind }) => kind === "HTTPRoute")).toMatchObject({
      spec: { hostnames: ["consoles.example.org"] },
    });
    for (const origin of origins) expect(rendered).toContain(`--allow-origin=${origin}`);
    // Without a Gateway an address will do.
    await expect(render("console.enabled=true", "console.url=ws://192.0.2.1:6083")).resolves.toContain(
      "192.0.2.1:6083",
    );
  });

  // The proxy would not start with such an origin, and the API server would refuse the route.
  test.each([
    ["console.allowedOrigins[0]=https://A.example", /allowedOrigins/],
    ["console.allowedOrigins[0]=https://a.example:443", /allowedOrigins/],
    ["console.allowedOrigins[0]=http://a.example:80", /allowedOrigins/],
    ["console.allowedOrigins[0]=https://a.example:65536", /allowedOrigins/],
    ["console.allowedOrigins[0]=https://a.example/", /allowedOrigins/],
    ["console.url=wss://Consoles.example.org", /url/],
    ["console.url=wss://192.0.2.1", /url/],
    ["console.url=wss://[2001:db8::1]", /url/],
  ])("refuses %s", async (value, problem) => {
    await expect(render(...enabled, value)).rejects.toThrow(problem);
  });
});
