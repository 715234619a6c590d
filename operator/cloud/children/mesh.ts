import type { ServiceSpec } from "kubernetes-types/core/v1.d.ts";
import { CONTENT, contentHash } from "#operator/api/content.ts";
import {
  BARBICAN_PORT,
  type CloudPart,
  KEYSTONE_PORT,
  meshName,
  partName,
  previewName,
} from "#operator/clients/cloud-connection.ts";
import type { Desired } from "#runtime/api/object.ts";
import { type CloudDeployment, MEMCACHED_PORT, POSTGRESQL_PORT } from "../deployment.ts";
import { knownAs, partsOf } from "./accounts.ts";
import { child, type Part, RELEASE_LABEL, selectorOf } from "./metadata.ts";

/** Where the sidecar of a pod takes calls, by mutual TLS. */
export const MESH_PORT = 15_443;
/** In the pod: the folder of the socket on which a service listens for its sidecar. */
export const SOCKET_FOLDER = "/run/mesh";
export const SOCKET = `${SOCKET_FOLDER}/service.sock`;
/** By the name that PostgreSQL gives it. */
export const POSTGRESQL_SOCKET = `${SOCKET_FOLDER}/.s.PGSQL.${POSTGRESQL_PORT}`;
/** Of the socket: for the service's own user, and for the pod's group, which the sidecar has. */
export const SOCKET_MODE = "660";

/** How a Service says that its pods have sidecars, and what these are to know (docs/accesspolicy.md). */
export const MARKS = {
  enabled: "mesh.nephele.dev/enabled",
  serviceAccount: "mesh.nephele.dev/service-account",
  application: "mesh.nephele.dev/application",
  localPort: "mesh.nephele.dev/local-port",
  clearPort: "mesh.nephele.dev/clear-port",
  health: "mesh.nephele.dev/health",
} as const;

interface Member {
  /** The port by which callers know it, with or without a mesh. */
  readonly port: number;
  readonly protocol: "http" | "memcache" | "postgresql";
  /** Where it listens for its sidecar. */
  readonly socket: string;
  /** Whose pods call it. */
  readonly callers: readonly Part[];
  /** Whether the operator calls it, by its own identity; then it calls those, too, that are to take over. */
  readonly operator: boolean;
}

/** The parts that are called by sidecars, and who may call them. */
export const MEMBERS: Readonly<Partial<Record<Part, Member>>> = {
  keystone: { port: KEYSTONE_PORT, protocol: "http", socket: SOCKET, callers: ["barbican"], operator: true },
  barbican: { port: BARBICAN_PORT, protocol: "http", socket: SOCKET, callers: [], operator: true },
  memcached: {
    ...{ port: MEMCACHED_PORT, protocol: "memcache", socket: SOCKET },
    ...{ callers: ["keystone", "barbican"], operator: false },
  },
  postgresql: {
    ...{ port: POSTGRESQL_PORT, protocol: "postgresql", socket: POSTGRESQL_SOCKET },
    ...{ callers: ["keystone", "barbican", "setup", "backup"], operator: false },
  },
};

/** The parts of a Cloud that are called by sidecars; none where the installation has none. */
export function meshParts(deployment: CloudDeployment): readonly CloudPart[] {
  if (deployment.platform.sidecars === undefined) return [];
  return partsOf(deployment).filter((part) => MEMBERS[part] !== undefined) as CloudPart[];
}

export function isInMesh(deployment: CloudDeployment, part: Part): boolean {
  return meshParts(deployment).some((each) => each === part);
}

/** The parts whose pods have sidecars: those that are called, and those that call. */
export function partsWithSidecar(deployment: CloudDeployment): readonly Part[] {
  return partsOf(deployment).filter(
    (part) => isInMesh(deployment, part) || calledThroughMesh(deployment, part).length > 0,
  );
}

/** The parts that a part's pods call by their sidecars: on loopback, at the port that the part has for everybody. */
export function calledThroughMesh(deployment: CloudDeployment, part: Part): readonly CloudPart[] {
  return meshParts(deployment).filter((each) => MEMBERS[each]?.callers.some((caller) => caller === part));
}

/** The Services by which sidecars find a part's pods: one, or none where it has no sidecar. */
export function meshServices(deployment: CloudDeployment, part: CloudPart): readonly Desired[] {
  return partService(deployment, part, partName(deployment.cloud, part), {});
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
  return partService(deployment, part, service, ofRelease);
}

function partService(
  deployment: CloudDeployment,
  part: CloudPart,
  service: string,
  only: Readonly<Record<string, string>>,
): readonly Desired[] {
  const member = MEMBERS[part];
  if (member === undefined || !isInMesh(deployment, part)) return [];
  const { port, protocol, socket } = member;
  const ports = [{ name: part, port, targetPort: MESH_PORT, protocol: "TCP", appProtocol: protocol }];
  const marks = { [MARKS.application]: `unix:${socket}` };
  return [meshService({ deployment, part, service, spec: { selector: only, ports }, marks })];
}

interface MeshServiceInput {
  readonly deployment: CloudDeployment;
  readonly part: CloudPart;
  /** By which everybody else finds the pods. */
  readonly service: string;
  /** The selector says which of the part's pods; empty for all. */
  readonly spec: ServiceSpec;
  readonly marks: Readonly<Record<string, string>>;
}

/** Marks that open something, where they are not given: named all the same, so that nobody else's stays there. */
const NOTHING_OPEN = { [MARKS.localPort]: "", [MARKS.clearPort]: "", [MARKS.health]: "" } as const;

/** A Service by which sidecars find pods of a part. */
export function meshService({ deployment, part, service, spec, marks }: MeshServiceInput): Desired {
  const content = { spec: { ...spec, selector: { ...selectorOf(deployment, part), ...spec.selector } } };
  const name = meshName(service);
  const { metadata, ...made } = child({ deployment, part, apiVersion: "v1", kind: "Service", name, content });
  const said = { [MARKS.serviceAccount]: knownAs(deployment, part), ...NOTHING_OPEN, ...marks };
  // With the marks: one that goes has to be seen as another content.
  const annotations = { ...metadata.annotations, [CONTENT]: contentHash({ ...content, said }), ...said };
  return { ...made, metadata: { ...metadata, labels: { ...metadata.labels, [MARKS.enabled]: "true" }, annotations } };
}
