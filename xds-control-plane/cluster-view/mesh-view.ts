import type { NewCondition } from "#runtime/api/conditions.ts";
import { type SpiffeId, spiffeId, spiffeIdProblem, type TrustDomain } from "#spiffe/spiffe-id.ts";
import type { Finding } from "../mesh/finding.ts";
import type { Mesh } from "../mesh/mesh.ts";
import { type ReadPolicy, type ReadTarget, readPolicies, type TargetRef } from "./access.ts";
import type { AccessPolicy } from "./generated/accesspolicy.ts";
import type { DeniedIdentity } from "./generated/deniedidentity.ts";
import type { Service } from "./kinds.ts";
import { condition } from "./listeners.ts";
import { accountOf, isInMesh, type MeshService, readMeshService } from "./mesh-services.ts";
import type { ClusterObjects } from "./objects.ts";
import type { ReadRoute } from "./routes.ts";
import { ServiceRoutes } from "./service-routes.ts";
import { readWorkloads, type Workloads, workloadProxy } from "./workloads.ts";

/** What is to be said about a policy, for each of its targets. */
export interface PolicySays<Policy = AccessPolicy> {
  readonly policy: Policy;
  readonly targets: readonly {
    readonly targetRef: TargetRef;
    readonly conditions: readonly NewCondition[];
    /** The classes of proxies that refuse by it: what they reject is said of it. */
    readonly proxies: readonly string[];
  }[];
}

export interface DenialSays {
  readonly denial: DeniedIdentity;
  readonly conditions: readonly NewCondition[];
}

/** Services with sidecars, who may call them, and the sidecars. */
export interface MeshObjects {
  readonly services: ReadonlyMap<Service, MeshService>;
  readonly routes: ServiceRoutes;
  readonly policies: readonly ReadPolicy[];
  readonly workloads: Workloads;
}

/** Without a trust domain nobody has an identity, so there are no sidecars. */
export function readMeshObjects(
  objects: ClusterObjects,
  allRoutes: readonly ReadRoute[],
  domain: TrustDomain | undefined,
): MeshObjects {
  const inMesh = domain === undefined ? [] : objects.services.filter(isInMesh);
  const services = new Map(inMesh.map((service) => [service, readMeshService(service, domain as TrustDomain)]));
  const key = (namespace: string, name: string): string => `${namespace}/${name}`;
  const byName = new Map(
    objects.services.map((each) => [key(each.metadata.namespace ?? "", each.metadata.name), each]),
  );
  const policies = readPolicies(objects.accessPolicies, (namespace, name) => {
    const found = byName.get(key(namespace, name));
    return found && (services.get(found) ?? "elsewhere");
  });
  const routes = new ServiceRoutes(allRoutes, services);
  const none: Workloads = { proxies: [], applications: [], conflicts: new Map() };
  return {
    services,
    routes,
    policies,
    workloads:
      domain === undefined
        ? none
        : readWorkloads(
            { services: [...services.values()], policies, routes, grants: objects.referenceGrants },
            domain,
          ),
  };
}

export function deniedIn(objects: ClusterObjects): ReadonlySet<SpiffeId> {
  const ids = objects.deniedIdentities.map(({ spec }) => spec.id);
  return new Set(ids.filter((id) => spiffeIdProblem(id) === undefined).map(spiffeId));
}

/**
 * What became of policies and denials: nothing where there is no trust domain, for then they are not ours to speak of.
 * `findings` says what is wrong with a class of proxies, which then keeps what it had.
 */
export function meshSays(
  { policies, workloads }: MeshObjects,
  objects: ClusterObjects,
  mesh: Mesh,
  domain: TrustDomain | undefined,
  findings: (proxy: string) => readonly Finding[],
): { readonly policies: readonly PolicySays[]; readonly denials: readonly DenialSays[] } {
  if (domain === undefined) return { policies: [], denials: [] };
  const programmed = (target: ReadTarget, proxies: readonly string[]): NewCondition => {
    const not = (reason: string, message: string) => condition("Programmed", false, reason, message);
    if (target.accepted.status !== "True") return not("Invalid", "it is not accepted for this target");
    const conflicts = target.ports.flatMap(({ service }) =>
      (workloads.conflicts.get(service) ?? []).map((text) => `${service}: ${text}`),
    );
    if (conflicts.length > 0) return not("PortConflict", conflicts.join("; "));
    return programmedAt(proxies, findings);
  };
  const broken =
    objects.deniedIdentities.length === 0 ? [] : [...mesh.proxies.keys()].filter((name) => findings(name).length > 0);
  const denied =
    broken.length === 0
      ? condition("Programmed", true, "Programmed", "the proxies are told of it")
      : condition("Programmed", false, "Invalid", `these keep what they had: ${broken.join(", ")}`);
  return {
    policies: policies.map(({ policy, targets }) => ({
      policy,
      targets: targets.map((target) => {
        const { targetRef, identity } = target;
        const account = identity && accountOf(identity, domain);
        const proxies = account === undefined ? [] : [workloadProxy(account.namespace, account.account)];
        return { targetRef, conditions: [target.accepted, programmed(target, proxies)], proxies };
      }),
    })),
    denials: objects.deniedIdentities.map((denial) => ({ denial, conditions: [denied] })),
  };
}

/** Whether proxies can be told of what is accepted. */
export function programmedAt(
  proxies: readonly string[],
  findings: (proxy: string) => readonly Finding[],
): NewCondition {
  const problems = proxies.flatMap(findings);
  return problems.length > 0
    ? condition("Programmed", false, "Invalid", problemText(problems))
    : condition("Programmed", true, "Programmed", `the proxies of ${proxies.join(", ")} are told of it`);
}

function problemText(findings: readonly Finding[]): string {
  return findings.map(({ at, problem }) => `${at}: ${problem}`).join("; ");
}
