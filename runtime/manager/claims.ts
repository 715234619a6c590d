import { isApiError } from "../client/errors.ts";
import type { KubeClient } from "../client/kube-client.ts";
import { type LeaderTimes, type Lease, type LeaseKey, LeaseWatch, leases } from "./lease.ts";

/** A controller that another set of controllers has, under the Lease of that set. */
export interface Claim {
  readonly controller: string;
  readonly lease: string;
}

export interface ClaimsOptions {
  readonly kube: KubeClient;
  /** The object that says which Lease each controller is run under: a Lease that nobody holds. */
  readonly record: LeaseKey;
  /** The Lease of our own set. */
  readonly lease: string;
  readonly controllers: readonly string[];
  readonly times: LeaderTimes;
}

interface Look {
  /** What sets that live have of ours. */
  readonly taken: readonly Claim[];
  /** The Leases of those that had something of ours and live no more. */
  readonly lapsed: readonly Lease[];
  /** The record's; undefined where there is none. */
  readonly version: string | undefined;
}

const PREFIX = "controller.nephele.dev/";
/** Changes at each claim. */
const CLAIMED_BY = "nephele.dev/last-claim";

/** Which of `controllers` others have, by the record's annotations. */
export function claimedByOthers(
  annotations: Readonly<Record<string, string>>,
  lease: string,
  controllers: readonly string[],
): readonly Claim[] {
  return controllers.flatMap((controller) => {
    const claimed = annotations[`${PREFIX}${controller}`];
    return claimed === undefined || claimed === lease ? [] : [{ controller, lease: claimed }];
  });
}

/**
 * Sees to it that no controller runs in two sets at once. A set leads by a Lease of its own; before it works it writes
 * into one record that its controllers are run under that Lease. It takes a controller from another set only when that
 * set's Lease has lapsed, and takes that Lease away first, so that a holder who comes back cannot renew it. The record is
 * written anew at each beginning, also where it says so already: of a set that comes back and one that found it gone, the
 * second names a version that is no more.
 */
export class Claims {
  readonly #options: ClaimsOptions;
  readonly #others = new Map<string, LeaseWatch>();

  constructor(options: ClaimsOptions) {
    this.#options = options;
  }

  /** Which of our controllers another set runs, as far as can be seen. @throws ApiError */
  async taken(): Promise<readonly Claim[]> {
    return (await this.#look()).taken;
  }

  /**
   * Makes our controllers our own; to be called while we hold our Lease. False where another set has one of them, or was
   * faster. @throws ApiError
   */
  async take(token: string): Promise<boolean> {
    const { kube, record, lease, controllers } = this.#options;
    const { taken, lapsed, version } = await this.#look();
    if (taken.length > 0) return false;
    const ours = Object.fromEntries(controllers.map((controller) => [`${PREFIX}${controller}`, lease]));
    const annotations = { ...ours, [CLAIMED_BY]: token };
    try {
      for (const { metadata } of lapsed) {
        const key = { namespace: record.namespace, name: metadata.name };
        const { resourceVersion } = metadata;
        await kube.mergePatch(leases, key, { metadata: { resourceVersion }, spec: { holderIdentity: null } });
      }
      if (version === undefined) {
        const metadata = { ...record, annotations };
        await kube.create(leases, { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec: {} });
        return true;
      }
      const patch = { metadata: { resourceVersion: version, annotations } };
      return (await kube.mergePatch(leases, record, patch)) !== undefined;
    } catch (error) {
      if (isApiError(error, "Conflict") || isApiError(error, "AlreadyExists")) return false;
      throw error;
    }
  }

  /** The record first and the others' Leases after it: what makes {@link take} safe. */
  async #look(): Promise<Look> {
    const { kube, record, lease, controllers, times } = this.#options;
    const found = await kube.get(leases, record);
    const claims = claimedByOthers(found?.metadata.annotations ?? {}, lease, controllers);
    const live = new Set<string>();
    const lapsed: Lease[] = [];
    for (const name of new Set(claims.map((claim) => claim.lease))) {
      const other = await kube.get(leases, { namespace: record.namespace, name });
      if (other === undefined) continue;
      const watch = this.#others.get(name) ?? new LeaseWatch(times);
      this.#others.set(name, watch);
      if (watch.isFree(other)) lapsed.push(other);
      else live.add(name);
    }
    const taken = claims.filter((claim) => live.has(claim.lease));
    return { taken, lapsed, version: found?.metadata.resourceVersion };
  }
}
