// Generated from crds/flavor.yaml by tools/generate-types.ts. Change the source and run: make generate
import type { Condition } from "#runtime/api/conditions.ts";
import type { KubeObject } from "#runtime/api/object.ts";

/** A Flavor is a size that Servers may have. It becomes a VirtualMachineClusterInstancetype of KubeVirt. */
export interface Flavor extends KubeObject<FlavorSpec, FlavorStatus> {
  readonly spec: FlavorSpec;
}

/** The size. It cannot be changed, because Servers were promised it. */
export interface FlavorSpec {
  /** Virtual CPUs of the guest. */
  readonly cpus: number;
  /** Memory of the guest, as a quantity: 512Mi, 4Gi. */
  readonly memory: string;
  /** Smallest root disk of a Server of this Flavor, as a quantity. 0 leaves it to the Image and the Server. */
  readonly disk: string;
  readonly traits?: FlavorTraits;
  /** Give the guest CPUs of the node that nothing else uses. Needs nodes whose CPU manager is static. */
  readonly dedicatedCPUs: boolean;
}

/** What a node must and must not have, in the words of OpenStack's traits. A node has a trait by its label trait.nephele.dev/<TRAIT> with the value "true". */
export interface FlavorTraits {
  /**
   * Traits that the node must have.
   *
   * Items: One trait.
   */
  readonly required?: readonly string[];
  /**
   * Traits that the node must not have.
   *
   * Items: One trait.
   */
  readonly forbidden?: readonly string[];
}
/** What is there. */
export interface FlavorStatus {
  /** The generation of the spec that this status speaks of. */
  readonly observedGeneration?: number;
  /** What is so and what is not. Ready says whether all is as the spec wants it. */
  readonly conditions?: readonly Condition[];
  /** Name of the VirtualMachineClusterInstancetype. */
  readonly instancetype?: string;
  /** Number of Servers of this Flavor. */
  readonly usedBy?: number;
}
