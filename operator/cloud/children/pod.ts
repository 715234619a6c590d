import type { Container, PodSpec, Volume } from "kubernetes-types/core/v1.d.ts";
import type { CloudDeployment } from "../deployment.ts";
import { accountName } from "./accounts.ts";
import type { Part } from "./metadata.ts";
import { CONFINED } from "./pod-parts.ts";
import { sidecarOf } from "./sidecar.ts";

/** A container before it is confined. */
export type PlainContainer = Omit<Container, "securityContext" | "imagePullPolicy">;

export interface PodInput {
  readonly deployment: CloudDeployment;
  readonly part: Part;
  /** Of the image's user. */
  readonly uid: number;
  readonly containers: readonly PlainContainer[];
  readonly volumes: readonly Volume[];
  readonly rest?: Omit<PodSpec, "containers" | "volumes" | "securityContext">;
}

/**
 * A pod of the Pod Security level "restricted", with a root file system that nobody writes, a user namespace where the
 * cluster has them, and no token of the API server unless it says so; with its sidecar, where the part has one.
 */
export function confinedPod({ deployment, part, uid, containers, volumes, rest = {} }: PodInput): PodSpec {
  const sidecar = sidecarOf(deployment, part);
  const all = [...volumes, ...(sidecar?.volumes ?? [])];
  return {
    ...(deployment.platform.trustDomain === undefined ? {} : { serviceAccountName: accountName(deployment, part) }),
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    ...(deployment.platform.userNamespaces ? { hostUsers: false } : {}),
    securityContext: {
      runAsNonRoot: true,
      runAsUser: uid,
      runAsGroup: uid,
      fsGroup: uid,
      // Else kubelet opens PostgreSQL's folder to its group at each start, and PostgreSQL refuses it.
      fsGroupChangePolicy: "OnRootMismatch",
      seccompProfile: { type: "RuntimeDefault" },
    },
    ...(sidecar === undefined ? {} : { initContainers: [...sidecar.initContainers] }),
    ...(sidecar?.hostAliases === undefined ? {} : { hostAliases: [...sidecar.hostAliases] }),
    containers: containers.map((container) => ({
      ...container,
      imagePullPolicy: "IfNotPresent",
      securityContext: CONFINED,
    })),
    ...(all.length > 0 ? { volumes: all } : {}),
    ...rest,
  };
}

/** Pods of one part on different nodes where there are several; on one where there is but one. */
export function spread(labels: Readonly<Record<string, string>>): PodSpec["topologySpreadConstraints"] {
  return [
    {
      maxSkew: 1,
      topologyKey: "kubernetes.io/hostname",
      whenUnsatisfiable: "ScheduleAnyway",
      labelSelector: { matchLabels: { ...labels } },
    },
  ];
}

/** The image of a service: its tag is the release, or the version of what is bundled. */
export function image({ platform }: CloudDeployment, name: string, tag: string): string {
  return `${platform.imageRegistry}/${name}:${tag}`;
}
