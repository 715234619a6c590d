import { setTimeout as sleep } from "node:timers/promises";
import { microTimeText } from "../api/time.ts";
import { isApiError } from "../client/errors.ts";
import type { KubeClient } from "../client/kube-client.ts";
import type { Logger } from "../observe/log.ts";
import { type LeaderTimes, type Lease, type LeaseKey, LeaseWatch, leases } from "./lease.ts";

export const LEADER_TIMES: LeaderTimes = { leaseMs: 6_000, renewMs: 4_000, retryMs: 1_000 };

/** "failed" where the API server did not answer, or where another was faster. */
type Attempt = "held" | "another's" | "failed";

export class LeadershipLost extends Error {
  override readonly name = "LeadershipLost";
}

export interface LeaderOptions {
  readonly kube: KubeClient;
  readonly lease: LeaseKey;
  /** Unique among the candidates: the pod's name. */
  readonly identity: string;
  readonly log: Logger;
  readonly times: LeaderTimes;
}

/**
 * Leader election on a coordination.k8s.io Lease, as client-go does it: whether its holder is gone is judged by our own
 * clock (LeaseWatch). Every write carries the version that was read or written last, so two candidates cannot both win.
 */
export class LeaderElection {
  readonly #options: LeaderOptions;
  readonly #times: LeaderTimes;
  readonly #watch: LeaseWatch;
  #unreachable = false;
  /** The lease as it was last written here: a renewal need not read it, since its version says whether it is still that. */
  #written: Lease | undefined;
  /** When the last attempt that succeeded was sent. */
  #renewed = Number.NEGATIVE_INFINITY;

  constructor(options: LeaderOptions) {
    this.#options = options;
    this.#times = options.times;
    this.#watch = new LeaseWatch(options.times);
  }

  /** Whether nobody else can hold the lease yet. */
  get isHeld(): boolean {
    return performance.now() - this.#renewed < this.#times.renewMs;
  }

  /** Resolves when this candidate leads; rejects only when the signal ends the wait. */
  async acquire(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      if ((await this.#try("take")) === "held") return;
      // Candidates do not all ask at the same moment.
      await sleep(this.#times.retryMs * (0.8 + Math.random() * 0.4), undefined, { signal });
    }
  }

  /**
   * Renews until the signal ends it. A renewal that is not answered in time counts as failed.
   * @throws LeadershipLost when renewing failed for too long, so that another may lead by now, or when the lease was
   * taken away
   */
  async hold(signal: AbortSignal): Promise<void> {
    const { retryMs, renewMs } = this.#times;
    const { name } = this.#options.lease;
    while (!signal.aborted) {
      await sleep(retryMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      const left = this.#renewed + renewMs - performance.now();
      const outcome = await within(left, this.#try("renew"));
      if (outcome === "another's") throw new LeadershipLost(`the lease ${name} was taken away`);
      if (outcome !== "held" && !this.isHeld)
        throw new LeadershipLost(`the lease ${name} could not be renewed for ${renewMs} ms`);
    }
  }

  /** Gives the lease back, so that another need not wait for its end. */
  async release(): Promise<void> {
    const { kube, lease, identity, log } = this.#options;
    this.#renewed = Number.NEGATIVE_INFINITY;
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

  /** One attempt to hold the lease, or to go on holding it. */
  async #try(how: "take" | "renew"): Promise<Attempt> {
    const { kube, lease, identity, log } = this.#options;
    const sent = performance.now();
    const now = microTimeText(new Date());
    const spec = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(this.#times.leaseMs / 1000),
      renewTime: now,
    };
    try {
      const current = this.#written ?? (await kube.get(leases, lease));
      this.#written = undefined;
      this.#unreachable = false;
      if (current === undefined) {
        const body = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { ...lease } };
        await kube.create(leases, { ...body, spec: { ...spec, acquireTime: now, leaseTransitions: 0 } });
        this.#renewed = Math.max(this.#renewed, sent);
        return "held";
      }
      const holder = current.spec?.holderIdentity ?? "";
      const { resourceVersion } = current.metadata;
      if (holder !== identity && (how === "renew" || !this.#watch.isFree(current))) return "another's";
      const taken =
        holder === identity ? {} : { acquireTime: now, leaseTransitions: (current.spec?.leaseTransitions ?? 0) + 1 };
      const patch = { metadata: { resourceVersion }, spec: { ...spec, ...taken } };
      this.#written = await kube.mergePatch(leases, lease, patch);
      if (this.#written === undefined) return "failed";
      this.#renewed = Math.max(this.#renewed, sent);
      return "held";
    } catch (error) {
      if (!isApiError(error, "Conflict") && !isApiError(error, "AlreadyExists")) {
        // Said once, not at every attempt of an outage.
        if (!this.#unreachable) log.warn({ err: error }, "the leader's lease could not be read or written");
        this.#unreachable = true;
      }
      return "failed";
    }
  }
}

/** What `work` gives, or "failed" when that takes longer. */
async function within(ms: number, work: Promise<Attempt>): Promise<Attempt> {
  const over = new AbortController();
  const late = sleep<Attempt>(Math.max(0, ms), "failed", { signal: over.signal }).catch((): Attempt => "failed");
  try {
    return await Promise.race([work, late]);
  } finally {
    over.abort();
  }
}
