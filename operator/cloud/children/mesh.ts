import type { ServiceSpec } from "kubernetes-types/core/v1.d.ts";
import { accountId } from "#operator/account-id.ts";
import {
  BARBICAN_PORT,
  type CloudPart,
  EDGE_PATHS,
  KEYSTONE_PORT,
  meshName,
  partName,
  previewName,
} from "#operator/clients/cloud-connection.ts";
import type { Desired } from "#runtime/api/object.ts";
import { type CloudDeployment, MEMCACHED_PORT } from "../deployment.ts";
import { accountName, partsOf } from "./accounts.ts";
import { edgeAccount } from "./edge.ts";
import { child, type Part, RELEASE_LABEL, selectorOf } from "./metadata.ts";

/** Where the sidecar of a pod takes calls, by mutual TLS. */
export const MESH_PORT = 15_443;
/** In the pod: the folder of the socket on which a service listens for its sidecar. */
export const SOCKET_FOLDER = "/run/mesh";
export const SOCKET = `${SOCKET_FOLDER}/service.sock`;
/** Of the socket: for the service's own user, and for the pod's group, which the sidecar has. */
export const SOCKET_MODE = "660";

/** How a Service says that its pods have sidecars, and what these are to know (docs/accesspolicy.md). */
const MARKS = {
  enabled: "mesh.nephele.dev/enabled",
  serviceAccount: "mesh.nephele.dev/service-account",
  application: "mesh.nephele.dev/application",
} as const;

/** The operator's ServiceAccount (charts/nephele/rbac); it is in the control plane's namespace. */
const OPERATOR_ACCOUNT = "nephele-operator";

interface Member {
  /** The port by which callers know it, with or without a mesh. */
  readonly port: number;
  readonly protocol: "http" | "memcache";
  /** Whose pods call it. */
  readonly callers: readonly CloudPart[];
  /** Whether the operator calls it, by its own identity; then it calls those, too, that are to take over. */
  readonly operator: boolean;
}

/** The parts whose pods have sidecars, and who may call them. */
const MEMBERS: Readonly<Partial<Record<Part, Member>>> = {
  keystone: { port: KEYSTONE_PORT, protocol: "http", callers: ["barbican"], operator: true },
  barbican: { port: BARBICAN_PORT, protocol: "http", callers: [], operator: true },
  memcached: { port: MEMCACHED_PORT, protocol: "memcache", callers: ["keystone", "barbican"], operator: false },
};

/** The parts of a Cloud whose pods have sidecars; none where the installation has none. */
export function meshParts(deployment: CloudDeployment): readonly CloudPart[] {
  if (deployment.platform.sidecars === undefined) return [];
  return partsOf(deployment).filter((part) => part !== "setup" && MEMBERS[part] !== undefined) as CloudPart[];
}

export function isInMesh(deployment: CloudDeployment, part: Part): boolean {
  return meshParts(deployment).some((each) => each === part);
}

/** The parts that a part's pods call by their sidecars: on loopback, at the port that the part has for everybody. */
export function calledThroughMesh(deployment: CloudDeployment, part: Part): readonly CloudPart[] {
  return meshParts(deployment).filter((each) => MEMBERS[each]?.callers.some((caller) => caller === part));
}

/** Whose pods call a part by their sidecars. */
function meshCallers(deployment: CloudDeployment, part: CloudPart): readonly CloudPart[] {
  return meshParts(deployment).filter((each) => MEMBERS[part]?.callers.includes(each));
}

/** The Services by which sidecars find a part's pods: one, or none where it has no sidecar. */
export function meshServices(deployment: CloudDeployment, part: CloudPart): readonly Desired[] {
  return meshService(deployment, part, partName(deployment.cloud, part), {});
}

/** Of a service: those that lead to the pods of the release, as `releaseService` has them. */
export function releaseMeshServices(
  deployment: CloudDeployment,
  part: "keystone" | "barbican",
  address: "active" | "preview",
): readonly Desired[] {
  const { cloud, release } = deployment;
  const ofRelease = { [RELEASE_LABEL]: release };
  const service = address === "active" ? partName(cloud, part) : previewName(cloud, part);
  return meshService(deployment, part, service, ofRelease);
}

function meshService(
  deployment: CloudDeployment,
  part: CloudPart,
  service: string,
  only: Readonly<Record<string, string>>,
): readonly Desired[] {
  const member = MEMBERS[part];
  if (member === undefined || !isInMesh(deployment, part)) return [];
  const { port, protocol } = member;
  const spec: ServiceSpec = {
    selector: { ...selectorOf(deployment, part), ...only },
    ports: [{ name: part, port, targetPort: MESH_PORT, protocol: "TCP", appProtocol: protocol }],
  };
  const name = meshName(service);
  const { metadata, ...made } = child({ deployment, part, apiVersion: "v1", kind: "Service", name, content: { spec } });
  const annotations = {
    ...metadata.annotations,
    [MARKS.serviceAccount]: accountName(deployment, part),
    [MARKS.application]: `unix:${SOCKET}`,
  };
  return [{ ...made, metadata: { ...metadata, labels: { ...metadata.labels, [MARKS.enabled]: "true" }, annotations } }];
}

/**
 * Who may call which part, by SPIFFE ID. A part without a policy nobody may. The proxies of an edge may where people's clients
 * come in: `edgeStands` says whether there is one.
 */
export function accessPolicies(
  deployment: CloudDeployment,
  edgeStands = deployment.edge !== undefined,
): readonly Desired[] {
  const { sidecars } = deployment.platform;
  if (sidecars === undefined) return [];
  const { trustDomain, xds } = sidecars;
  const namespace = deployment.cloud.metadata.namespace ?? "";
  const id = (of: string, account: string) => ({ id: accountId(trustDomain, of, account) });
  // It has no sidecar, and so no loopback on which two Clouds could want one port.
  const operator = { ...id(xds.namespace, OPERATOR_ACCOUNT), sidecar: false };
  return meshParts(deployment).flatMap((part) => {
    const callers = meshCallers(deployment, part).map((caller) => id(namespace, accountName(deployment, caller)));
    const isAsked = MEMBERS[part]?.operator === true;
    const name = partName(deployment.cloud, part);
    const own = { callers: isAsked ? [...callers, operator] : callers };
    if (part !== "keystone" && part !== "barbican") return [policy(deployment, part, name, [own])];
    const edge = { ...id(namespace, edgeAccount(deployment.cloud)), sidecar: false };
    const paths = [{ type: "PathPrefix", value: EDGE_PATHS[part] } as const];
    return [
      policy(deployment, part, name, edgeStands ? [own, { callers: [edge], paths }] : [own]),
      policy(deployment, part, previewName(deployment.cloud, part), [{ callers: [operator] }]),
    ];
  });
}

interface PolicyRule {
  readonly callers: readonly { readonly id: string; readonly sidecar?: boolean }[];
  readonly paths?: readonly { readonly type: "PathPrefix"; readonly value: string }[];
}

/** A policy for the pods that the Service of a name leads to, in the mesh. */
function policy(deployment: CloudDeployment, part: CloudPart, name: string, rules: readonly PolicyRule[]): Desired {
  const spec = { targetRefs: [{ name: meshName(name) }], rules };
  return child({ deployment, part, apiVersion: "nephele.dev/v1alpha1", kind: "AccessPolicy", name, content: { spec } });
}
