import type { ServiceSpec } from "kubernetes-types/core/v1.d.ts";
import { BARBICAN_PORT, type CloudPart, KEYSTONE_PORT, partName } from "#operator/clients/cloud-connection.ts";
import type { Desired } from "#runtime/api/object.ts";
import { type CloudDeployment, MEMCACHED_PORT } from "../deployment.ts";
import { accountName, partsOf } from "./accounts.ts";
import { child, type Part, selectorOf } from "./metadata.ts";

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

interface Member {
  /** The port by which callers know it, with or without a mesh. */
  readonly port: number;
  readonly protocol: "http" | "memcache";
  /** Whose pods call it. */
  readonly callers: readonly CloudPart[];
}

/** The parts whose pods have sidecars, and who may call them. */
const MEMBERS: Readonly<Partial<Record<Part, Member>>> = {
  keystone: { port: KEYSTONE_PORT, protocol: "http", callers: ["barbican"] },
  barbican: { port: BARBICAN_PORT, protocol: "http", callers: [] },
  memcached: { port: MEMCACHED_PORT, protocol: "memcache", callers: ["keystone", "barbican"] },
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
export function meshCallers(deployment: CloudDeployment, part: CloudPart): readonly CloudPart[] {
  return meshParts(deployment).filter((each) => MEMBERS[part]?.callers.includes(each));
}

/** The Service by which sidecars find a part's pods, or those of them that `only` labels have; none where it has no sidecar. */
export function meshServices(
  deployment: CloudDeployment,
  part: CloudPart,
  only: Readonly<Record<string, string>> = {},
): readonly Desired[] {
  const member = MEMBERS[part];
  if (member === undefined || !isInMesh(deployment, part)) return [];
  const { port, protocol } = member;
  const spec: ServiceSpec = {
    selector: { ...selectorOf(deployment, part), ...only },
    ports: [{ name: part, port, targetPort: MESH_PORT, protocol: "TCP", appProtocol: protocol }],
  };
  const name = meshName(deployment, part);
  const made = child({ deployment, part, apiVersion: "v1", kind: "Service", name, content: { spec } });
  const { labels, annotations } = made.metadata;
  return [
    {
      ...made,
      metadata: {
        ...made.metadata,
        labels: { ...labels, [MARKS.enabled]: "true" },
        annotations: {
          ...annotations,
          [MARKS.serviceAccount]: accountName(deployment, part),
          [MARKS.application]: `unix:${SOCKET}`,
        },
      },
    },
  ];
}

/** Who may call which part, by SPIFFE ID. A part without a policy nobody may. */
export function accessPolicies(deployment: CloudDeployment): readonly Desired[] {
  const { sidecars } = deployment.platform;
  if (sidecars === undefined) return [];
  const namespace = deployment.cloud.metadata.namespace ?? "";
  const id = (part: CloudPart): string =>
    `spiffe://${sidecars.trustDomain}/ns/${namespace}/sa/${accountName(deployment, part)}`;
  return meshParts(deployment).flatMap((part) => {
    const callers = meshCallers(deployment, part).map((caller) => ({ id: id(caller) }));
    if (callers.length === 0) return [];
    const spec = { targetRefs: [{ name: meshName(deployment, part) }], rules: [{ callers }] };
    return [child({ deployment, part, apiVersion: "nephele.dev/v1alpha1", kind: "AccessPolicy", content: { spec } })];
  });
}

function meshName({ cloud }: CloudDeployment, part: CloudPart): string {
  return partName(cloud, `${part}-mesh`);
}
