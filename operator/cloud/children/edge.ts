import { childName } from "#operator/api/gateway-api.ts";
import type { Cloud } from "#operator/api/generated/cloud.ts";
import { BARBICAN_PORT, edgeUrls, KEYSTONE_PORT, meshName, partName } from "#operator/clients/cloud-connection.ts";
import type { Desired } from "#runtime/api/object.ts";
import type { CloudDeployment, EdgeWish } from "../deployment.ts";
import { type EdgeRule, edgeRules } from "./edge-paths.ts";
import { child } from "./metadata.ts";
import type { Service } from "./service-config.ts";

const API = "gateway.networking.k8s.io/v1";
/** Of the catalog's addresses, which name none. */
const PORT = 443;
/** From a request's end to its answer's: Barbican makes the largest of keys in some seconds. */
const TIMEOUT = "60s";

/** How the proxies of an edge reach the services: by mutual TLS and their own SVID, or in clear text inside the cluster. */
export type EdgeHop = "mesh" | "clear";

/**
 * What no caller may say of himself, or of how he came, whatever the class of the Gateway is: Keystone's and Barbican's middleware
 * believes it. (Proxies of ours take more away, from each request.)
 */
const REMOVED = [
  ...["Forwarded", "X-Forwarded-Host", "X-Forwarded-Prefix", "X-Forwarded-Port", "X-Forwarded-Client-Cert"],
  ...["X-Identity-Status", "X-User-Id", "X-User-Name", "X-Project-Id", "X-Roles", "X-Is-Admin-Project"],
  ...["X-Service-Identity-Status", "X-Service-User-Id", "X-Service-Roles", "OpenStack-System-Scope"],
];

/** The Gateway's name; what is made of it has another ending (operator/api/gateway-api.ts). */
export function edgeName(cloud: Cloud): string {
  return partName(cloud, "edge");
}

/** The ServiceAccount of the proxies, where they are ours. */
export function edgeAccount(cloud: Cloud): string {
  return childName(edgeName(cloud));
}

/** A host name that an edge takes, and the core Secret with the certificate for it. */
export interface EdgeListener {
  readonly hostname: string;
  readonly certificate: string;
}

/** The listeners of an edge as it is wanted. */
export function wantedListeners({ hostnames, certificate }: EdgeWish): readonly EdgeListener[] {
  return hostnames.map((hostname) => ({ hostname, certificate }));
}

/** The name of a host name's listener. */
export function listenerName(at: number): string {
  return `https-${at}`;
}

const ports: Readonly<Record<Service, number>> = { keystone: KEYSTONE_PORT, barbican: BARBICAN_PORT };
const routeParts: Readonly<Record<Service, string>> = { keystone: "edge-identity", barbican: "edge-key-manager" };

/** The Gateway: a listener for each host name. */
export function edgeGateway(
  deployment: CloudDeployment,
  edge: EdgeWish,
  listeners: readonly EdgeListener[] = wantedListeners(edge),
): Desired {
  const spec = {
    gatewayClassName: edge.className,
    listeners: listeners.map(({ hostname, certificate }, at) => ({
      name: listenerName(at),
      hostname,
      port: PORT,
      protocol: "HTTPS",
      tls: { mode: "Terminate", certificateRefs: [{ group: "", kind: "Secret", name: certificate }] },
      allowedRoutes: { namespaces: { from: "Same" } },
    })),
  };
  const name = edgeName(deployment.cloud);
  return child({ deployment, part: "edge", apiVersion: API, kind: "Gateway", name, content: { spec } });
}

/** What passes to which service. */
export function edgeRoutes(
  deployment: CloudDeployment,
  edge: EdgeWish,
  hop: EdgeHop,
  listeners: readonly EdgeListener[] = wantedListeners(edge),
): readonly Desired[] {
  const { cloud } = deployment;
  const hostnames = listeners.map(({ hostname }) => hostname);
  return (["keystone", "barbican"] as const).map((service) => {
    const active = partName(cloud, service);
    const spec = {
      parentRefs: [{ group: "gateway.networking.k8s.io", kind: "Gateway", name: edgeName(cloud) }],
      hostnames,
      rules: edgeRules(service).map((rule) => ({
        ...rule,
        filters: [{ type: "RequestHeaderModifier", requestHeaderModifier: { remove: REMOVED } }],
        backendRefs: [
          {
            group: "",
            kind: "Service",
            name: hop === "mesh" ? meshName(active) : active,
            port: ports[service],
            weight: 1,
          },
        ],
        timeouts: { request: TIMEOUT },
      })),
    };
    const name = partName(cloud, routeParts[service]);
    return child({ deployment, part: "edge", apiVersion: API, kind: "HTTPRoute", name, content: { spec } });
  });
}

/** The largest body that Keystone takes; Barbican takes no more. */
const LARGEST_BODY = "112Ki";

/**
 * What is refused before a service sees it: logins by address, and requests by whom their tokens are for.
 *
 * @param jwks the keys of tokens; undefined where tokens are not to be checked, and tell nobody apart
 */
export function edgePolicies(
  deployment: CloudDeployment,
  edge: EdgeWish,
  jwks: string | undefined,
): readonly Desired[] {
  const { cloud } = deployment;
  const { loginsPerAddress, requestsPerUser, requestsPerProject } = edge.limits;
  const target = (service: Service, sectionName: EdgeRule) => ({
    ...{ group: "gateway.networking.k8s.io", kind: "HTTPRoute" },
    ...{ name: partName(cloud, routeParts[service]), sectionName },
  });
  const minutely = (name: string, by: object, requests: number) => ({ name, by: [by], requests, per: "1m" });
  const logins = {
    targetRefs: [target("keystone", "login")],
    rateLimits: [minutely("addresses", { type: "RemoteAddress" }, loginsPerAddress)],
    bodyLimit: LARGEST_BODY,
  };
  const checked = jwks !== undefined && {
    rateLimits: [
      minutely("users", { type: "Claim", claim: "sub" }, requestsPerUser),
      minutely("projects", { type: "Claim", claim: "openstack_project_id" }, requestsPerProject),
    ],
    jwt: {
      jwks,
      header: "X-Auth-Token",
      required: false,
      challenge: `Keystone uri="${edgeUrls(edge.hostnames[0]).identity}"`,
    },
  };
  const tokens = {
    targetRefs: [target("keystone", "own"), target("barbican", "own")],
    bodyLimit: LARGEST_BODY,
    ...checked,
  };
  return Object.entries({ logins, tokens }).map(([which, spec]) =>
    child({
      ...{ deployment, part: "edge", apiVersion: "nephele.dev/v1alpha1", kind: "EdgePolicy" },
      ...{ name: policyName(cloud, which), content: { spec } },
    }),
  );
}

function policyName(cloud: Cloud, which: string): string {
  return partName(cloud, `edge-${which}`);
}

/** The name of the policy by which tokens are checked, or not. */
export function tokensPolicy(cloud: Cloud): string {
  return policyName(cloud, "tokens");
}

/** The names of all that an edge is. */
export function edgeNames(cloud: Cloud): {
  readonly gateway: string;
  readonly routes: readonly string[];
  readonly policies: readonly string[];
} {
  return {
    gateway: edgeName(cloud),
    routes: Object.values(routeParts).map((part) => partName(cloud, part)),
    policies: ["logins", "tokens"].map((which) => policyName(cloud, which)),
  };
}
