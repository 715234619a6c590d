import type { RealGuests } from "#e2e/scenarios/real-guests.ts";
import {
  coreSecrets,
  dataVolumes,
  persistentVolumeClaims,
  pods,
  services,
  virtualMachineInstances,
  virtualMachines,
} from "#operator/api/foreign.ts";
import type { Resource } from "#runtime/api/resource.ts";

const KINDS = [
  virtualMachines,
  virtualMachineInstances,
  dataVolumes,
  persistentVolumeClaims,
  coreSecrets,
  services,
  pods,
] as readonly Resource[];

/** All that could be a Server's in the Project's namespace, by kind and name, in order. */
export async function everything({ bed, team }: RealGuests): Promise<readonly string[]> {
  const found: string[] = [];
  for (const kind of KINDS)
    for (const { metadata } of await bed.kube.list(kind, { namespace: team }))
      found.push(`${kind.kind} ${metadata.name}`);
  return found.toSorted();
}

/** What is there now and was not before. */
export function leftovers(before: readonly string[], now: readonly string[]): readonly string[] {
  return now.filter((one) => !before.includes(one));
}

/** Phases whose ends differ, with both: `stop: {…} instead of {…}`. */
export function differences(
  one: Readonly<Record<string, unknown>>,
  other: Readonly<Record<string, unknown>>,
): readonly string[] {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])]
    .filter((phase) => JSON.stringify(one[phase]) !== JSON.stringify(other[phase]))
    .map((phase) => `${phase}: ${JSON.stringify(one[phase])} instead of ${JSON.stringify(other[phase])}`);
}
