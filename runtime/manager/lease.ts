import type { KubeObject, ObjectKey } from "../api/object.ts";
import { defineResource, type Resource } from "../api/resource.ts";

interface LeaseSpec {
  readonly holderIdentity?: string | null;
  readonly leaseDurationSeconds?: number;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

export type Lease = KubeObject<LeaseSpec>;
export type LeaseKey = ObjectKey & { readonly namespace: string };

export const leases: Resource<Lease> = defineResource({
  group: "coordination.k8s.io",
  version: "v1",
  plural: "leases",
  kind: "Lease",
  namespaced: true,
});

/** Times of the election, in milliseconds. client-go's defaults are 15/10/2 s; these hand over within eight seconds. */
export interface LeaderTimes {
  /** Others may take over when nothing was renewed for this long, by their own clock. */
  readonly leaseMs: number;
  /** The leader steps down when it could not renew for this long; must be less than `leaseMs`. */
  readonly renewMs: number;
  readonly retryMs: number;
}

/**
 * Whether a Lease's holder has let it lapse: judged by how long the Lease has not changed by our own clock, never by
 * the times written in it, so clocks need not agree. To be asked again and again.
 */
export class LeaseWatch {
  readonly #leaseMs: number;
  #seen: { readonly version: string; readonly at: number } | undefined;

  constructor({ leaseMs }: LeaderTimes) {
    this.#leaseMs = leaseMs;
  }

  /** True for one that nobody holds, and for one that was seen unchanged for longer than it lasts. */
  isFree(lease: Lease): boolean {
    if ((lease.spec?.holderIdentity ?? "") === "") return true;
    const { resourceVersion: version } = lease.metadata;
    const now = performance.now();
    if (this.#seen?.version !== version) this.#seen = { version, at: now };
    return now - this.#seen.at > this.#leaseMs;
  }
}
