import { setTimeout as sleep } from "node:timers/promises";
import type { KubeObject, ObjectKey } from "../api/object.ts";
import { defineResource, type Resource } from "../api/resource.ts";
import { microTimeText } from "../api/time.ts";
import { isApiError } from "../client/errors.ts";
import type { KubeClient } from "../client/kube-client.ts";
import type { Logger } from "../observe/log.ts";

interface LeaseSpec {
  readonly holderIdentity?: string | null;
  readonly leaseDurationSeconds?: number;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

const leases: Resource<KubeObject<LeaseSpec>> = defineResource({
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

export const LEADER_TIMES: LeaderTimes = { leaseMs: 6_000, renewMs: 4_000, retryMs: 1_000 };

export class LeadershipLost extends Error {
  override readonly name = "LeadershipLost";
}

export interface LeaderOptions {
  readonly kube: KubeClient;
  readonly lease: ObjectKey & { readonly namespace: string };
  /** Unique among the candidates: the pod's name. */
  readonly identity: string;
  readonly log: Logger;
  readonly times?: LeaderTimes;
}

/**
 * Leader election on a coordination.k8s.io Lease, as client-go does it: who holds is judged by how long the Lease has
 * not changed by our own clock, never by the times written in it, so clocks need not agree. Every write carries the
 * version that was read, so two candidates cannot both win.
 */
export class LeaderElection {
  readonly #options: LeaderOptions;
  readonly #times: LeaderTimes;
  #unreachable = false;
  #seen: { readonly version: string; readonly at: number } | undefined;

  constructor(options: LeaderOptions) {
    this.#options = options;
    this.#times = options.times ?? LEADER_TIMES;
  }

  /** Resolves when this candidate leads; rejects only when the signal ends the wait. */
  async acquire(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      if (await this.#try()) return;
      // Candidates do not all ask at the same moment.
      await sleep(this.#times.retryMs * (0.8 + Math.random() * 0.4), undefined, { signal });
    }
  }

  /**
   * Renews until the signal ends it. A renewal that is not answered in time counts as failed.
   * @throws LeadershipLost when renewing failed for too long: another may lead by now
   */
  async hold(signal: AbortSignal): Promise<void> {
    const { retryMs, renewMs } = this.#times;
    let renewed = performance.now();
    while (!signal.aborted) {
      await sleep(retryMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      const sent = performance.now();
      if (await within(renewed + renewMs - sent, this.#try())) renewed = sent;
      else if (performance.now() - renewed >= renewMs)
        throw new LeadershipLost(`the lease ${this.#options.lease.name} could not be renewed for ${renewMs} ms`);
    }
  }

  /** Gives the lease back, so that another need not wait for its end. */
  async release(): Promise<void> {
    const { kube, lease, identity, log } = this.#options;
    try {
      const current = await kube.get(leases, lease);
      if (current?.spec?.holderIdentity !== identity) return;
      const { resourceVersion } = current.metadata;
      await kube.mergePatch(leases, lease, {
        metadata: { resourceVersion },
        spec: { holderIdentity: null, leaseDurationSeconds: 1 },
      });
    } catch (error) {
      log.warn({ err: error }, "the lease could not be given back: others wait for its end");
    }
  }

  /** One attempt to hold the lease; false where another holds it or the API server does not answer. */
  async #try(): Promise<boolean> {
    const { kube, lease, identity, log } = this.#options;
    const now = microTimeText(new Date());
    const spec = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(this.#times.leaseMs / 1000),
      renewTime: now,
    };
    try {
      const current = await kube.get(leases, lease);
      this.#unreachable = false;
      if (current === undefined) {
        const body = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { ...lease } };
        await kube.create(leases, { ...body, spec: { ...spec, acquireTime: now, leaseTransitions: 0 } });
        return true;
      }
      const holder = current.spec?.holderIdentity ?? "";
      const { resourceVersion } = current.metadata;
      if (holder !== "" && holder !== identity && !this.#expired(resourceVersion)) return false;
      const taken =
        holder === identity ? {} : { acquireTime: now, leaseTransitions: (current.spec?.leaseTransitions ?? 0) + 1 };
      await kube.mergePatch(leases, lease, { metadata: { resourceVersion }, spec: { ...spec, ...taken } });
      return true;
    } catch (error) {
      if (!isApiError(error, "Conflict") && !isApiError(error, "AlreadyExists")) {
        // Said once, not at every attempt of an outage.
        if (!this.#unreachable) log.warn({ err: error }, "the leader's lease could not be read or written");
        this.#unreachable = true;
      }
      return false;
    }
  }

  #expired(version: string): boolean {
    const now = performance.now();
    if (this.#seen?.version !== version) this.#seen = { version, at: now };
    return now - this.#seen.at > this.#times.leaseMs;
  }
}

/** What `work` gives, or false when that takes longer. */
async function within(ms: number, work: Promise<boolean>): Promise<boolean> {
  const over = new AbortController();
  const late = sleep(Math.max(0, ms), false, { signal: over.signal }).catch(() => false);
  try {
    return await Promise.race([work, late]);
  } finally {
    over.abort();
  }
}
