import type { Pod } from "#operator/api/foreign.ts";
import { BARBICAN_PORT, KEYSTONE_PORT } from "#operator/clients/cloud-connection.ts";
import { PROXY_CONTAINER } from "#operator/envoy/envoy.ts";
import { findCondition } from "#runtime/api/conditions.ts";
import { isDeleting } from "#runtime/api/object.ts";
import { MEMBERS } from "../children/mesh.ts";
import type { Part } from "../children/metadata.ts";
import { authorityOf } from "../children/service-config.ts";
import { type CloudDeployment, POSTGRESQL_PORT } from "../deployment.ts";
import type { AccessPolicy } from "../resources.ts";

export interface MeshFacts {
  /** The parts whose pods are to have sidecars. */
  readonly parts: readonly string[];
  /** Of the Cloud, those that end and those that are no part's among them. */
  readonly pods: readonly Pod[];
  /** The policies that are to be in force, by name; undefined: not there. */
  readonly policies: ReadonlyMap<string, AccessPolicy | undefined>;
}

/** Phases of a pod that was evicted, or whose node went: it stays to be read, and another is there in its place. */
const OVER = ["Failed", "Succeeded"];

const SPEAKS_SQL: ReadonlySet<string> = new Set<Part>(["postgresql", ...(MEMBERS.postgresql?.callers ?? [])]);

/** What keeps a Cloud's pods from speaking by their sidecars alone, for a person, after "waiting for"; undefined: nothing. Pure. */
export function meshProblem({ parts, pods, policies }: MeshFacts): string | undefined {
  const staying = pods.filter((pod) => !isDeleting(pod) && !OVER.includes(pod.status?.phase ?? ""));
  for (const part of parts) {
    const own = staying.filter(({ metadata }) => metadata.labels?.["app.kubernetes.io/name"] === part);
    if (own.length === 0) return `a pod of ${part}`;
    const problem = own.map(podProblem).find((found) => found !== undefined);
    if (problem !== undefined) return problem;
  }
  for (const [name, policy] of policies) {
    const problem = policyProblem(policy);
    if (problem !== undefined) return `AccessPolicy ${name} to be programmed${problem}`;
  }
  return undefined;
}

/** For each of its targets, as it is now. */
function policyProblem(policy: AccessPolicy | undefined): string | undefined {
  const targets = policy?.status?.ancestors ?? [];
  if (targets.length === 0) return "";
  for (const { conditions } of targets) {
    const programmed = findCondition(conditions, "Programmed");
    if (programmed?.status !== "True") return programmed === undefined ? "" : `: ${programmed.message}`;
    if (programmed.observedGeneration !== policy?.metadata.generation) return " as it is now";
  }
  return undefined;
}

/**
 * The pods of a Cloud that call PostgreSQL, or are it, without a sidecar; those that end, too, for they finish what they have begun.
 * Pure.
 */
export function podsInClear(pods: readonly Pod[]): readonly string[] {
  return pods
    .filter(({ metadata }) => SPEAKS_SQL.has(metadata.labels?.["app.kubernetes.io/name"] ?? ""))
    .filter((pod) => !OVER.includes(pod.status?.phase ?? "") && !hasSidecar(pod))
    .map(({ metadata }) => metadata.name);
}

/**
 * What of a Cloud's own calls is in clear text beside its mesh, in words. Pure.
 *
 * @param inClear the pods for which PostgreSQL is open in clear text
 */
export function stillClear(
  { database, cache, edge }: Pick<CloudDeployment, "database" | "cache" | "edge">,
  inClear: readonly string[],
): string {
  const called = [
    ...(database.kind === "bundled" && inClear.length > 0
      ? [
          `whoever calls PostgreSQL at ${POSTGRESQL_PORT}, until pod ${inClear.join(", ")}, which has no sidecar, is gone`,
        ]
      : []),
    ...(database.kind === "external" && authorityOf(database) === undefined ? ["PostgreSQL"] : []),
    ...(cache.bundled ? [] : ["memcached"]),
    `whoever calls Keystone at ${KEYSTONE_PORT} and Barbican at ${BARBICAN_PORT} in the cluster and from outside of the mesh${edge === undefined ? ", for there is no edge (spec.gateway)" : ""}`,
  ];
  return `In clear text still: ${called.join(", and ")}`;
}

function hasSidecar({ spec }: Pod): boolean {
  return spec?.initContainers?.some(({ name }) => name === PROXY_CONTAINER) === true;
}

function podProblem(pod: Pod): string | undefined {
  const { metadata, status } = pod;
  if (!hasSidecar(pod)) return `pod ${metadata.name}, which has no sidecar, to be replaced`;
  const sidecar = status?.initContainerStatuses?.find(({ name }) => name === PROXY_CONTAINER);
  if (sidecar?.ready === true) return undefined;
  return `the sidecar of pod ${metadata.name} to get its identity from SPIRE and its configuration from the xDS control plane`;
}
