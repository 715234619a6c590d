import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clusterLocation } from "#e2e/cluster/location.ts";
import { adminLogin } from "#e2e/cluster/openstack/admin-session.ts";
import { folderOf } from "#e2e/cluster/openstack/context.ts";
import { type OpenStackHandle, readOpenStackHandle } from "#e2e/cluster/openstack/handle.ts";
import { freePort } from "#e2e/cluster/ports.ts";
import { MeshBed } from "#e2e/envoy/mesh-bed.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import type { Desired, KubeObject } from "#runtime/api/object.ts";
import { clusterObjects } from "../../../xds-control-plane/cluster-view/objects.ts";
import { viewOf } from "../../../xds-control-plane/cluster-view/view.ts";
import type { HttpRule } from "../../../xds-control-plane/mesh/route.ts";
import { listenerOn, meshOf, proxyOf, ruleTo, serviceAt } from "../../../xds-control-plane/mesh-fixtures.ts";
import { jwksOf } from "../decide/signing-keys.ts";
import { aDeployment, anEdgesLimits } from "../fixtures.ts";
import { edgeGateway, edgePolicies, edgeRoutes } from "./edge.ts";

/** What an edge asks of tokens, by a real Envoy before the real Keystone, which signs them. */

let bed: MeshBed;
let openStack: OpenStackHandle;
let port: number;

/** The edge's policies and its rules, as the control plane makes them of the operator's objects. */
function edgeBy(jwks: string) {
  const gateway = {
    ...{ hostnames: ["cloud.example.org"], certificateSecretRef: { name: "cloud-tls" }, className: "nephele" },
    limits: anEdgesLimits,
  };
  const deployment = aDeployment({ gateway });
  const { edge } = deployment;
  if (edge === undefined) throw new Error("this Cloud has no edge");
  const gatewayClass = {
    kind: "GatewayClass",
    metadata: { name: "nephele" },
    spec: { controllerName: "nephele.dev/gateway" },
  };
  const data = { "tls.crt": btoa("-----BEGIN CERTIFICATE-----"), "tls.key": btoa("-----BEGIN PRIVATE KEY-----") };
  const certificate = { kind: "Secret", metadata: { namespace: "nephele-system", name: "cloud-tls" }, data };
  const made: readonly Desired[] = [
    ...([gatewayClass, certificate] as unknown as readonly Desired[]),
    edgeGateway(deployment, edge),
    ...edgeRoutes(deployment, edge, "clear"),
    ...edgePolicies(deployment, edge, jwks),
  ];
  const { mesh } = viewOf(clusterObjects(made as unknown as readonly KubeObject[]), undefined);
  const [chain] = [...mesh.proxies.values()].flatMap(({ listeners }) => listeners.flatMap(({ chains }) => chains));
  if (chain?.kind !== "http") throw new Error("the edge serves nothing");
  const ruleFor = (path: string): HttpRule["overrides"] =>
    chain.hosts[0]?.rules.find(({ matches }) => matches.some((match) => match.path.value === `/identity${path}`))
      ?.overrides;
  return { policies: chain.policies, own: ruleFor("/v3/auth/projects") };
}

beforeAll(async () => {
  openStack = readOpenStackHandle(clusterLocation());
  const publicKey = readFileSync(join(folderOf(clusterLocation(), "keystone"), "keys/jws-public/public.pem"), "utf8");
  const { policies, own } = edgeBy(jwksOf({ "public.pem": publicKey }));
  expect(own?.jwtRequirement).toBeDefined();
  bed = await MeshBed.open();
  port = await freePort();
  const service = serviceAt("keystone", [Number(new URL(openStack.identityUrl).port)]);
  const rules = [
    ruleTo("/v3/auth/tokens", service.name),
    ruleTo("/", service.name, own === undefined ? {} : { overrides: own }),
  ];
  bed.set(meshOf([proxyOf("edge", [listenerOn(port, rules, policies)])], [service]));
  await bed.envoy("edge");
  await eventually("the edge to serve", async () => (await bed.status(port, "/v3")) === 200);
});
afterAll(() => bed?.close());

/** The same token with another signature. */
function altered(token: string): string {
  const at = token.lastIndexOf(".") + 10;
  return `${token.slice(0, at)}${token[at] === "A" ? "B" : "A"}${token.slice(at + 1)}`;
}

test("Keystone's token passes; an altered one is answered in Keystone's own words, before it comes to Keystone", async () => {
  const { token } = await adminLogin(openStack.identityUrl, openStack.adminPasswordFile, { project: "admin" });
  const by = (value: string) => ({ headers: { "x-auth-token": value } });
  const { status, body } = await bed.ask(port, "/v3/auth/projects", by(token));
  expect(status).toBe(200);
  expect(JSON.parse(body)).toHaveProperty("projects");

  const refused = await bed.ask(port, "/v3/auth/projects", by(altered(token)));
  const ofKeystone = await fetch(`${openStack.identityUrl}/auth/projects`, by(altered(token)));
  expect([refused.status, JSON.parse(refused.body)]).toEqual([401, await ofKeystone.json()]);
  expect(ofKeystone.headers.get("www-authenticate")).toMatch(/^Keystone uri="/);
  expect(refused.headers["www-authenticate"]).toBe('Keystone uri="https://cloud.example.org/identity/v3"');
  expect(refused.headers["server"]).toBe("envoy");
  // Control: without a token it is Keystone that answers.
  const nobody = await bed.ask(port, "/v3/auth/projects");
  expect([nobody.status, JSON.parse(nobody.body)]).toEqual([401, JSON.parse(refused.body)]);
  expect(nobody.headers["vary"]).toContain("X-Auth-Token");
});

test("the stock client whose token the edge refuses logs in anew by itself, and goes on", async () => {
  const script = [
    "import sys",
    "from keystoneauth1 import session",
    "from keystoneauth1.identity import v3",
    "url, password = sys.argv[1], open(sys.argv[2]).read()",
    "auth = v3.Password(url, username='admin', password=password, user_domain_id='default', project_name='admin', project_domain_id='default')",
    "ask = session.Session(auth=auth)",
    "token = ask.get_token()",
    "auth.auth_ref._auth_token = sys.argv[3]",
    "print(ask.get(url + '/auth/projects').status_code, ask.get_token() not in (token, sys.argv[3]))",
  ];
  const { token } = await adminLogin(openStack.identityUrl, openStack.adminPasswordFile, { project: "admin" });
  const args = ["-c", script.join("\n"), `http://127.0.0.1:${port}/v3`, openStack.adminPasswordFile, altered(token)];
  const python = join(dirname(openStack.openstackBin), "python");
  const { stdout } = await promisify(execFile)(python, args);
  expect(stdout.trim()).toBe("200 True");
});
