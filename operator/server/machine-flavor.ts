import type { VirtualMachine } from "#operator/api/foreign.ts";
import type { Flavor } from "#operator/api/generated/flavor.ts";
import { FLAVOR_ANNOTATION, TRAIT_LABEL_PREFIX } from "#operator/api/marks.ts";

/** What of a Flavor a machine is made from. */
export interface MachineFlavor {
  readonly metadata: Pick<Flavor["metadata"], "name">;
  readonly spec: Pick<Flavor["spec"], "disk" | "traits">;
  readonly status?: Pick<NonNullable<Flavor["status"]>, "instancetype">;
}

/**
 * The Flavor as its machine keeps it. It is all that there is of one that somebody took away from those that use it:
 * KubeVirt keeps the size, and the disk is as large as it is.
 */
export function flavorKept(machine: VirtualMachine | undefined): MachineFlavor | undefined {
  const { instancetype, template } = machine?.spec ?? {};
  const name = template?.metadata?.annotations?.[FLAVOR_ANNOTATION];
  if (name === undefined || instancetype?.name === undefined) return undefined;
  const required = template?.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const forbidden = (required?.nodeSelectorTerms ?? [])
    .flatMap(({ matchExpressions = [] }) => matchExpressions.map(({ key }) => key))
    .filter((key) => key.startsWith(TRAIT_LABEL_PREFIX))
    .map((key) => key.slice(TRAIT_LABEL_PREFIX.length));
  return {
    metadata: { name },
    spec: { disk: "0", ...(forbidden.length === 0 ? {} : { traits: { forbidden } }) },
    status: { instancetype: instancetype.name },
  };
}
