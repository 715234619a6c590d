import { describe, expect, test } from "vitest";
import type { CloudSpec } from "#operator/api/generated/cloud.ts";
import type { Desired, KubeObject } from "#runtime/api/object.ts";
import { trustDomain } from "#spiffe/spiffe-id.ts";
import { clusterObjects } from "../../../xds-control-plane/cluster-view/objects.ts";
import { viewOf } from "../../../xds-control-plane/cluster-view/view.ts";
import type { HttpRule } from "../../../xds-control-plane/mesh/route.ts";
import { jwksOf, signingPair, valuesOfPairs } from "../decide/signing-keys.ts";
import type { CloudDeployment } from "../deployment.ts";
import { aDeployment, aDeploymentInTheMesh, anEdgesLimits } from "../fixtures.ts";
import { accessPolicies } from "./access-policies.ts";
import { edgeAccount, edgeGateway, edgePolicies, edgeRoutes } from "./edge.ts";
import { meshServices, releaseMeshServices } from "./mesh.ts";
import { networkPolicies } from "./network-policies.ts";
import { databaseMeshServices } from "./postgresql-members.ts";
import { releaseService } from "./service.ts";

const gateway: NonNullable<CloudSpec["gateway"]> = {
  hostnames: ["cloud.example.org", "keys.example.org"],
  certificateSecretRef: { name: "cloud-tls" },
  className: "nephele",
  limits: anEdgesLimits,
};
const meshed = aDeploymentInTheMesh({ gateway });
const plain = aDeployment({ gateway }, "cloud.test");

const gatewayClass = {
  apiVersion: "gateway.networking.k8s.io/v1",
  kind: "GatewayClass",
  metadata: { name: "nephele" },
  spec: { controllerName: "nephele.dev/gateway" },
};
const certificate = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { namespace: "nephele-system", name: "cloud-tls" },
  data: {
    "tls.crt": Buffer.from("-----BEGIN CERTIFICATE-----").toString("base64"),
    "tls.key": Buffer.from("-----BEGIN PRIVATE KEY-----").toString("base64"),
  },
};

const keys = jwksOf(valuesOfPairs({ "0": signingPair(), "1": signingPair() }));

function madeFor(deployment: CloudDeployment, hop: "mesh" | "clear", jwks?: string): readonly Desired[] {
  const { edge } = deployment;
  if (edge === undefined) throw new Error("this Cloud has no edge");
  return [
    ...(["keystone", "barbican"] as const).flatMap((part) => [
      releaseService(deployment, part, "active"),
      ...releaseMeshServices(deployment, part, "active"),
      ...releaseMeshServices(deployment, part, "preview"),
    ]),
    ...meshServices(deployment, "memcached"),
    ...databaseMeshServices(deployment, false),
    ...accessPolicies(deployment),
    edgeGateway(deployment, edge),
    ...edgeRoutes(deployment, edge, hop),
    ...edgePolicies(deployment, edge, jwks),
  ];
}

/** The control plane's own view of what is made here. */
function view(deployment: CloudDeployment, hop: "mesh" | "clear", jwks?: string) {
  const dated = [gatewayClass, certificate, ...madeFor(deployment, hop, jwks)].map(({ metadata, ...rest }) => ({
    ...rest,
    metadata: { ...metadata, uid: metadata.name, creationTimestamp: "2026-11-26T10:00:00Z" },
  }));
  return viewOf(clusterObjects(dated as unknown as readonly KubeObject[]), trustDomain("cloud.test"));
}

describe("what the control plane makes of a Cloud's edge", () => {
  const { mesh, gateways, routes, policies, edgePolicies: edgePoliciesOf } = view(meshed, "mesh", keys);
  const proxy = mesh.proxies.get("gateway/nephele-system/default-edge");
  const clearProxy = view(plain, "clear").mesh.proxies.get("gateway/nephele-system/default-edge");

  test("takes each host name by HTTPS and the Cloud's certificate, and nothing in clear text", () => {
    const chains = (proxy?.listeners ?? []).flatMap(({ port, chains: of }) => of.map((chain) => ({ port, chain })));
    expect(chains.map(({ port, chain }) => [port, chain.serverNames, chain.tls])).toEqual(
      gateway.hostnames.map((name) => [443, [name], { kind: "terminate", certificates: ["nephele-system/cloud-tls"] }]),
    );
  });

  test("accepts the Gateway, its routes and the policies that let it in", () => {
    const said = [
      ...gateways.flatMap(({ conditions, listeners }) => [
        ...conditions,
        ...listeners.flatMap((each) => each.conditions),
      ]),
      ...routes.flatMap(({ parents }) => parents.flatMap(({ conditions }) => conditions)),
      ...[...policies, ...edgePoliciesOf].flatMap(({ targets }) => targets.flatMap(({ conditions }) => conditions)),
    ];
    const bad = said.filter(({ type, status }) => status !== (type === "Conflicted" ? "False" : "True"));
    expect(bad).toEqual([]);
    expect(routes).toHaveLength(2);
    expect(edgePoliciesOf).toHaveLength(2);
  });

  test("calls both services by mutual TLS, as the account that its pods have", () => {
    expect(proxy?.identity?.id).toBe(`spiffe://cloud.test/ns/nephele-system/sa/${edgeAccount(meshed.cloud)}`);
    for (const service of backends(proxy?.listeners)) expect(mesh.services.get(service)?.tls.kind).toBe("mesh");
    expect(backends(proxy?.listeners)).toEqual([
      "nephele-system/default-barbican-mesh:9311",
      "nephele-system/default-keystone-mesh:5000",
    ]);
  });

  test("and without sidecars in clear text", () => {
    expect(backends(clearProxy?.listeners)).toEqual([
      "nephele-system/default-barbican:9311",
      "nephele-system/default-keystone:5000",
    ]);
  });

  const asked = (of: readonly HttpRule[], method: string, path: string) =>
    of
      .filter((rule) => matches(rule, method, path))
      .map(({ overrides: { rateLimits, jwtRequirement } = {} }) => ({
        limits: (rateLimits ?? []).map((name) => name.replace(/^.*default-edge-/, "")),
        isChecked: jwtRequirement !== undefined,
      }));

  test.each([
    ["GET", "/identity/v3", { limits: [], isChecked: false }],
    ["POST", "/identity/v3/auth/tokens", { limits: ["logins/addresses"], isChecked: false }],
    // Keystone hashes the old password before it knows who asks.
    ["POST", "/identity/v3/users/0af1/password", { limits: ["logins/addresses"], isChecked: false }],
    ["GET", "/identity/v3/auth/tokens", { limits: ["tokens/users", "tokens/projects"], isChecked: true }],
    ["GET", "/identity/v3/auth/projects", { limits: ["tokens/users", "tokens/projects"], isChecked: true }],
    ["GET", "/key-manager/", { limits: [], isChecked: false }],
    ["PUT", "/key-manager/v1/secrets/5c", { limits: ["tokens/users", "tokens/projects"], isChecked: true }],
  ])("asks of %s %s: %j", (method, path, expected) => {
    expect(asked(httpRules(proxy?.listeners), method, path)).toEqual([expected]);
    // Where tokens are not to be checked nobody is known by one.
    const [unchecked] = asked(httpRules(clearProxy?.listeners), method, path);
    expect(unchecked).toEqual({
      limits: expected.limits.filter((each) => each.startsWith("logins")),
      isChecked: false,
    });
  });

  test("counts a user's and a project's requests for both services together, and refuses as Keystone does", () => {
    const [chain] = (proxy?.listeners ?? []).flatMap((each) => each.chains);
    const { jwt, rateLimits = [] } = chain?.kind === "http" ? chain.policies : {};
    expect(rateLimits.map(({ name, requests, perMs }) => [name.split("/").at(-1), requests, perMs])).toEqual([
      ["addresses", 60, 60_000],
      ["projects", 12_000, 60_000],
      ["users", 6_000, 60_000],
    ]);
    expect(jwt?.requirements).toEqual([
      expect.objectContaining({ isOptional: true, challenge: 'Keystone uri="https://cloud.example.org/identity/v3"' }),
    ]);
  });

  const rules = httpRules(proxy?.listeners);
  const USER = "users/0af1";

  test.each([
    ["GET", "/identity/v3", "passes"],
    ["POST", "/identity/v3/auth/tokens", "passes"],
    ["DELETE", "/identity/v3/auth/tokens", "passes"],
    ["GET", "/identity/v3/auth/catalog", "passes"],
    ["GET", "/identity/v3/projects", "passes"],
    ["GET", `/identity/v3/${USER}/projects`, "passes"],
    ["POST", `/identity/v3/${USER}/password`, "passes"],
    ["POST", `/identity/v3/${USER}/application_credentials`, "passes"],
    ["DELETE", `/identity/v3/${USER}/application_credentials/5c`, "passes"],
    ["GET", "/key-manager", "passes"],
    ["POST", "/key-manager/v1/secrets", "passes"],
    ["PUT", "/key-manager/v1/secrets/5c", "passes"],
    ["GET", "/key-manager/v1/quotas", "passes"],
    ["GET", "/", "is refused"],
    ["GET", "/v3", "is refused"],
    ["GET", "/identity/v3/users", "is refused"],
    ["POST", "/identity/v3/users", "is refused"],
    ["PATCH", `/identity/v3/${USER}`, "is refused"],
    ["GET", `/identity/v3/${USER}/credentials/OS-EC2`, "is refused"],
    ["POST", "/identity/v3/ec2tokens", "is refused"],
    ["POST", "/identity/v3/projects", "is refused"],
    ["PATCH", "/identity/v3/projects/0af1", "is refused"],
    ["PUT", `/identity/v3/projects/0af1/${USER}/roles/1`, "is refused"],
    ["GET", "/identity/v3/projects/0af1/users/1/roles", "is refused"],
    ["GET", "/identity/v3/domains", "is refused"],
    ["GET", "/identity/v3/roles", "is refused"],
    ["POST", "/identity/v3/services", "is refused"],
    ["GET", "/identity/v3/endpoints", "is refused"],
    ["GET", "/identity/v3/regions", "is refused"],
    ["GET", "/identity/v3/policies", "is refused"],
    ["GET", "/identity/v3/role_assignments", "is refused"],
    ["GET", "/identity/v3/credentials", "is refused"],
    ["GET", "/identity/nephele/ready", "is refused"],
    ["PUT", `/identity/v3/${USER}/application_credentials/5c`, "is refused"],
    ["GET", `/identity/v3/users/0af1%2f..%2fx/projects`, "is refused"],
    ["GET", "/key-manager/v1/project-quotas", "is refused"],
    ["PUT", "/key-manager/v1/project-quotas/0af1", "is refused"],
    ["POST", "/key-manager/v1/transport_keys", "is refused"],
    ["POST", "/key-manager/v1/quotas", "is refused"],
    ["GET", "/key-manager/nephele/ready", "is refused"],
  ])("%s %s %s", (method, path, outcome) => {
    expect(rules.some((rule) => matches(rule, method, path)) ? "passes" : "is refused").toBe(outcome);
  });
});

describe("who may come to the services' sidecars", () => {
  const lets = (of: readonly Desired[], text: string): readonly string[] =>
    of.filter((each) => JSON.stringify(each).includes(text)).map(({ metadata }) => metadata.name);

  test.each([
    ["an edge stands", meshed, undefined, ["default-keystone", "default-barbican"]],
    ["an edge is not gone yet", aDeploymentInTheMesh(), true, ["default-keystone", "default-barbican"]],
    ["there is none", aDeploymentInTheMesh(), undefined, []],
  ])("is the edge where %s", (_where, deployment, stands, expected) => {
    expect(lets(accessPolicies(deployment, stands), "/sa/default-edge-gateway")).toEqual(expected);
    expect(lets(networkPolicies(deployment, { edgeStands: stands }), '"default-edge"')).toEqual(expected);
  });
});

type Listeners = NonNullable<ReturnType<ReturnType<typeof view>["mesh"]["proxies"]["get"]>>["listeners"];

function httpRules(listeners: Listeners | undefined): readonly HttpRule[] {
  const chains = (listeners ?? []).flatMap((each) => each.chains);
  const [first] = chains.flatMap((chain) => (chain.kind === "http" ? chain.hosts : []));
  return first?.rules ?? [];
}

function backends(listeners: Listeners | undefined): readonly string[] {
  const found = httpRules(listeners).flatMap(({ action }) => (action.kind === "forward" ? action.backends : []));
  return [...new Set(found.flatMap(({ service }) => service ?? []))].toSorted();
}

/** As Envoy compares them: `xds-control-plane/translate/match.ts`. */
function matches({ matches: of }: HttpRule, method: string, path: string): boolean {
  return of.some((match) => {
    if (match.method !== undefined && match.method !== method) return false;
    if (match.path.kind === "exact") return match.path.value === path;
    if (match.path.kind === "prefix") return path === match.path.value || path.startsWith(`${match.path.value}/`);
    return new RegExp(`^(?:${match.path.value})$`).test(path);
  });
}
