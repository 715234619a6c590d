import type { NewCondition } from "#runtime/api/conditions.ts";
import { type SpiffeId, spiffeId } from "#spiffe/spiffe-id.ts";
import type { AccessPolicy as Access, AccessRule, CallerMatch } from "../mesh/policy.ts";
import type { PathMatch } from "../mesh/route.ts";
import type { AccessPolicy } from "./generated/accesspolicy.ts";
import { condition } from "./listeners.ts";
import type { MeshPort, MeshService } from "./mesh-services.ts";

export type TargetRef = AccessPolicy["spec"]["targetRefs"][number];

/** A target of a policy, and what it came to. */
export interface ReadTarget {
  readonly targetRef: TargetRef;
  /** Who serves it; undefined where nobody does. */
  readonly identity: SpiffeId | undefined;
  /** The ports that the policy is for; none where it is not accepted. */
  readonly ports: readonly MeshPort[];
  /** The ports that it may have meant where it is not accepted: it lets nobody in there. */
  readonly closed: readonly MeshPort[];
  readonly accepted: NewCondition;
}

/** A policy as it was read. */
export interface ReadPolicy {
  readonly policy: AccessPolicy;
  readonly targets: readonly ReadTarget[];
  readonly rules: readonly AccessRule[];
  /** Those of its callers whose sidecars are to have the targets on loopback. */
  readonly bySidecar: readonly CallerMatch[];
}

/**
 * What policies come to. One that cannot be for a target lets nobody in there.
 *
 * @param serviceOf a Service by namespace and name; `elsewhere` for one that is not in the mesh
 */
export function readPolicies(
  policies: readonly AccessPolicy[],
  serviceOf: (namespace: string, name: string) => MeshService | "elsewhere" | undefined,
): readonly ReadPolicy[] {
  return policies.map((policy) => {
    const { namespace = "", name } = policy.metadata;
    const rules = (policy.spec.rules ?? []).map((rule, at) => accessRule(`${name}/${at}`, rule));
    const isHttp = rules.some(({ methods, paths }) => methods !== undefined || paths !== undefined);
    const targets = policy.spec.targetRefs.map((targetRef): ReadTarget => {
      const service = serviceOf(namespace, targetRef.name);
      const [reason, found] = portsOf(targetRef, service, isHttp);
      const { identity, ports: all = [] } = service === "elsewhere" ? {} : (service ?? {});
      if (typeof found === "string") {
        return { targetRef, identity, ports: [], closed: all, accepted: condition("Accepted", false, reason, found) };
      }
      const accepted = condition("Accepted", true, reason, "the policy is valid");
      return { targetRef, identity, ports: found, closed: [], accepted };
    });
    const callers = (policy.spec.rules ?? []).flatMap((rule) => rule.callers);
    const bySidecar = callers.filter(({ sidecar }) => sidecar !== false).flatMap(callerMatch);
    return { policy, targets, rules, bySidecar };
  });
}

/** The ports that a target names, or why there are none; with Gateway API's reason. */
function portsOf(
  { name, sectionName }: TargetRef,
  service: MeshService | "elsewhere" | undefined,
  isHttp: boolean,
): readonly ["Accepted", readonly MeshPort[]] | readonly ["TargetNotFound" | "Invalid", string] {
  if (service === undefined) return ["TargetNotFound", `there is no Service ${name}`];
  if (service === "elsewhere") return ["Invalid", `Service ${name} is not in the mesh: see its labels`];
  if (service.problem !== undefined) return ["Invalid", `Service ${name}: ${service.problem}`];
  const ports = service.ports.filter((port) => sectionName === undefined || port.name === sectionName);
  if (ports.length === 0) return ["TargetNotFound", `Service ${name} has no port "${sectionName ?? ""}"`];
  const bytes = ports.find(({ protocol }) => protocol === "tcp");
  if (isHttp && bytes !== undefined) {
    return ["Invalid", `${bytes.service} is not HTTP by its appProtocol, so it has no methods and paths`];
  }
  return ["Accepted", ports];
}

function accessRule(name: string, { callers, methods, paths }: NonNullable<AccessPolicy["spec"]["rules"]>[number]) {
  return {
    name,
    callers: callers.flatMap(callerMatch),
    ...(methods === undefined ? {} : { methods }),
    ...(paths === undefined
      ? {}
      : {
          paths: paths.map(({ type, value }): PathMatch => ({ kind: type === "Exact" ? "exact" : "prefix", value })),
        }),
  } satisfies AccessRule;
}

type Caller = NonNullable<AccessPolicy["spec"]["rules"]>[number]["callers"][number];

/** One: the API takes a caller of either, and of no other. */
function callerMatch({ id, prefix }: Caller): readonly CallerMatch[] {
  return [...(id === undefined ? [] : [spiffeId(id)]), ...(prefix === undefined ? [] : [{ below: prefix }])];
}

/**
 * The policies of each port, by its name. One in force that is not accepted is among them, with rules that nobody fits: else one on
 * trial beside it would open what was to be closed.
 */
export function policiesByPort(policies: readonly ReadPolicy[]): ReadonlyMap<string, readonly ReadPolicy[]> {
  const found = new Map<string, Set<ReadPolicy>>();
  const add = (ports: readonly MeshPort[], policy: ReadPolicy): void => {
    for (const { service } of ports) found.set(service, (found.get(service) ?? new Set()).add(policy));
  };
  for (const read of policies) {
    const shut = { ...read, rules: [], bySidecar: [] };
    for (const { ports, closed } of read.targets) {
      add(ports, read);
      if (read.policy.spec.mode === "Enforce") add(closed, shut);
    }
  }
  return new Map([...found].map(([service, of]) => [service, [...of]]));
}

/**
 * What all policies of a place come to together. Those on trial are tried by themselves; where there is nothing else,
 * everybody of the trust domain passes.
 */
export function accessBy(policies: readonly ReadPolicy[]): Access {
  const rulesOf = (mode: "Enforce" | "Audit"): readonly AccessRule[] | undefined => {
    const of = policies.filter(({ policy }) => policy.spec.mode === mode);
    return of.length === 0 ? undefined : of.flatMap(({ rules }) => rules);
  };
  const [enforced, trial] = [rulesOf("Enforce"), rulesOf("Audit")];
  return {
    enforced: enforced ?? (trial === undefined ? [] : "everyone"),
    ...(trial === undefined ? {} : { trial }),
  };
}
