import type { EnvVar } from "kubernetes-types/core/v1.d.ts";
import { partName } from "#operator/clients/cloud-connection.ts";
import type { Desired } from "#runtime/api/object.ts";
import { type CloudDeployment, POSTGRESQL_PORT } from "../deployment.ts";
import { isInMesh, MARKS, MESH_PORT, meshService, POSTGRESQL_SOCKET } from "./mesh.ts";
import { PATRONI_PORT, PRIMARY, ROLE_LABEL } from "./postgresql-config.ts";

/** How PostgreSQL's members find each other where they have sidecars: each at ports of its own on everybody's loopback. */

/** Where a member's sidecar takes calls of Patroni's API. */
export const PATRONI_MESH_PORT = 15_444;
/** Where kubelet, which has no SVID, may ask Patroni two things and no more. */
export const PROBE_PORT = 8009;
export const PROBE_PATHS = { readiness: "/readiness", liveness: "/liveness" } as const;

/** A member's number follows: 15450 is member 0's PostgreSQL. */
const LOCAL_PORTS = { postgresql: "1545", patroni: "1546" } as const;
/** By these Kubernetes tells a StatefulSet's pods apart. */
const POD_NAME_LABEL = "statefulset.kubernetes.io/pod-name";
const POD_INDEX_LABEL = "apps.kubernetes.io/pod-index";
/** The most that a Cloud has. Pods know all of them, so that one that grows need not replace those that it has. */
const MOST_MEMBERS = 3;

/** The numbers of a Cloud's members. */
export function membersOf({ database }: CloudDeployment): readonly number[] {
  return database.kind === "bundled" ? Array.from({ length: database.instances }, (_, member) => member) : [];
}

export function memberName({ cloud }: CloudDeployment, member: number | string): string {
  return `${partName(cloud, "postgresql")}-${member}`;
}

/** The names by which members call each other; of the headless Service, and led to loopback. */
export function memberHosts(deployment: CloudDeployment): readonly string[] {
  return Array.from({ length: MOST_MEMBERS }, (_, member) =>
    memberHost(deployment, memberName(deployment, member), deployment.cloud.metadata.namespace ?? ""),
  );
}

function memberHost({ cloud }: CloudDeployment, pod: string, namespace: string): string {
  return `${pod}.${partName(cloud, "postgresql")}-pods.${namespace}.svc`;
}

/** Where the others find a member: Patroni is told by its environment, for its configuration is the same for all. */
export function connectAddresses(deployment: CloudDeployment): readonly EnvVar[] {
  const address = (name: string, value: string): EnvVar => ({ name: `PATRONI_${name}_CONNECT_ADDRESS`, value });
  if (!isInMesh(deployment, "postgresql")) {
    const pod = "$(PATRONI_KUBERNETES_POD_IP)";
    return [address("POSTGRESQL", `${pod}:${POSTGRESQL_PORT}`), address("RESTAPI", `${pod}:${PATRONI_PORT}`)];
  }
  const host = memberHost(deployment, "$(PATRONI_NAME)", "$(PATRONI_KUBERNETES_NAMESPACE)");
  return [
    { name: "POD_INDEX", valueFrom: { fieldRef: { fieldPath: `metadata.labels['${POD_INDEX_LABEL}']` } } },
    address("POSTGRESQL", `${host}:${LOCAL_PORTS.postgresql}$(POD_INDEX)`),
    address("RESTAPI", `${host}:${LOCAL_PORTS.patroni}$(POD_INDEX)`),
  ];
}

/**
 * The Services by which sidecars find PostgreSQL: its primary for who uses it, and each member for the others, ready or not, for
 * one that starts is told by them what it missed.
 *
 * @param inClear whether there are pods still that call without a sidecar, and so are let in without one
 */
export function databaseMeshServices(deployment: CloudDeployment, inClear: boolean): readonly Desired[] {
  if (!isInMesh(deployment, "postgresql")) return [];
  const part = "postgresql";
  const port = (name: string, number: number, targetPort: number, appProtocol: string) => ({
    name,
    port: number,
    targetPort,
    protocol: "TCP",
    appProtocol,
  });
  const sql = port(part, POSTGRESQL_PORT, MESH_PORT, "postgresql");
  const patroni = port("patroni", PATRONI_PORT, PATRONI_MESH_PORT, "http");
  const socket = `unix:${POSTGRESQL_SOCKET}`;
  const primary = meshService({
    deployment,
    part,
    service: partName(deployment.cloud, part),
    spec: { selector: { [ROLE_LABEL]: PRIMARY }, ports: [sql] },
    marks: { [MARKS.application]: socket, ...(inClear ? { [MARKS.clearPort]: String(POSTGRESQL_PORT) } : {}) },
  });
  const members = membersOf(deployment).map((member) => {
    const pod = memberName(deployment, member);
    return meshService({
      deployment,
      part,
      service: pod,
      spec: { publishNotReadyAddresses: true, selector: { [POD_NAME_LABEL]: pod }, ports: [sql, patroni] },
      marks: {
        [MARKS.application]: `${part}=${socket},patroni=127.0.0.1:${PATRONI_PORT}`,
        [MARKS.localPort]: `${part}=${LOCAL_PORTS.postgresql}${member},patroni=${LOCAL_PORTS.patroni}${member}`,
        [MARKS.health]: Object.values(PROBE_PATHS)
          .map((path) => `patroni=${PROBE_PORT}${path}`)
          .join(","),
      },
    });
  });
  return [primary, ...members];
}
