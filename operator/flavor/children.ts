import type { VirtualMachineClusterInstancetype } from "#operator/api/foreign.ts";
import { virtualMachineClusterInstancetypes } from "#operator/api/foreign.ts";
import type { Flavor } from "#operator/api/generated/flavor.ts";
import { TRAIT_LABEL_PREFIX } from "#operator/api/marks.ts";
import type { Desired } from "#runtime/api/object.ts";
import { apiVersionOf, controllerReference } from "#runtime/api/resource.ts";

/** The instancetype's name. The prefix keeps it apart from those that come with KubeVirt or belong to others. */
export function instancetypeName(flavor: { readonly metadata: { readonly name: string } }): string {
  return `nephele-${flavor.metadata.name}`;
}

/**
 * The size as KubeVirt has it (instancetype.kubevirt.io/v1beta1). Required traits are a node selector here; forbidden
 * ones an instancetype cannot say, so a Server's machine carries them as node affinity.
 */
export function instancetypeFor(flavor: Flavor): Desired {
  const required = flavor.spec.traits?.required ?? [];
  return {
    apiVersion: apiVersionOf(virtualMachineClusterInstancetypes),
    kind: virtualMachineClusterInstancetypes.kind,
    metadata: {
      name: instancetypeName(flavor),
      labels: { "app.kubernetes.io/managed-by": "nephele", "nephele.dev/flavor": flavor.metadata.name },
      ownerReferences: [controllerReference(flavor)],
    },
    spec: {
      cpu: {
        guest: flavor.spec.cpus,
        ...(flavor.spec.dedicatedCPUs ? { dedicatedCPUPlacement: true } : {}),
      },
      memory: { guest: flavor.spec.memory },
      ...(required.length === 0
        ? {}
        : { nodeSelector: Object.fromEntries(required.map((trait) => [`${TRAIT_LABEL_PREFIX}${trait}`, "true"])) }),
    },
  };
}

/** Whether the instancetype was made for this very Flavor. */
export function isOurs(instancetype: VirtualMachineClusterInstancetype, flavor: Flavor): boolean {
  return instancetype.metadata.ownerReferences?.some((owner) => owner.uid === flavor.metadata.uid) === true;
}
