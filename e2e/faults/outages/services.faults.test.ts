import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clusterLocation } from "#e2e/cluster/location.ts";
import type { OpenStackService } from "#e2e/cluster/openstack/context.ts";
import { startService, stopService } from "#e2e/cluster/openstack/faults.ts";
import { untilCondition, untilReady } from "#e2e/harness/conditions.ts";
import { COMPARE_AT } from "#operator/api/marks.ts";
import { clouds, projects, secrets } from "#operator/api/resources.ts";
import { findCondition } from "#runtime/api/conditions.ts";
import type { KubeObject } from "#runtime/api/object.ts";
import type { Resource } from "#runtime/api/resource.ts";
import { openRound, type Round } from "./round.ts";
import { type OutageBed, openOutageBed } from "./stage.ts";

/** How long a service is away, in seconds: a few in CI, 20 by `make chaos-outages`. */
const AWAY_MS = Number(process.env["NEPHELE_OUTAGE_SECONDS"] ?? 4) * 1_000;
const location = clusterLocation();

let bed: OutageBed;
const rounds: Round[] = [];
beforeAll(async () => {
  bed = await openOutageBed();
});
afterAll(async () => {
  for (const round of rounds) await round.close();
  await bed?.close();
});

interface Outage {
  readonly service: OpenStackService;
  readonly named: RegExp;
  readonly aspect: string;
  /** A kind of which a new object cannot become Ready meanwhile. */
  readonly blocks: Resource<KubeObject>;
}

/** What is away, which of the two the operator names for it, and the Cloud's condition that says so. */
const OUTAGES: readonly Outage[] = [
  { service: "keystone", named: /keystone/i, aspect: "IdentityReady", blocks: projects },
  { service: "barbican", named: /barbican/i, aspect: "KeyManagerReady", blocks: secrets },
  // Both stand on it, and Keystone is asked first.
  { service: "postgres", named: /keystone/i, aspect: "IdentityReady", blocks: projects },
];

describe.each(OUTAGES)("$service away", ({ service, named, aspect, blocks }) => {
  test("is waited out by name, what was good stays good, and all is done once afterwards", async () => {
    const { kube } = bed.bed;
    const kept = { namespace: bed.tenant.name, name: "kept" };
    const round = openRound(bed, service);
    rounds.push(round);
    await round.prepare();
    const before = await untilReady(kube, secrets, kept);

    await stopService(location, service);
    try {
      const end = performance.now() + AWAY_MS;
      await round.act();
      // Both are looked at meanwhile, and have to live with an answer that does not come.
      const now = { metadata: { annotations: { [COMPARE_AT]: service } } };
      await kube.mergePatch(secrets, kept, now);
      await kube.mergePatch(projects, { name: bed.tenant.name }, now);

      const trouble = { type: "Reconciling", status: "True", reason: "TransientError", message: named };
      await untilCondition<KubeObject>(kube, blocks, round.made(blocks), trouble);
      const cloud = { type: aspect, status: "False", message: named };
      await untilCondition(kube, clouds, round.made(clouds), cloud);
      do {
        const secret = await kube.get(secrets, kept);
        expect(findCondition(secret?.status?.conditions, "Ready")?.status).toBe("True");
        const project = await kube.get(projects, { name: bed.tenant.name });
        expect(findCondition(project?.status?.conditions, "Ready")?.status).toBe("True");
        await sleep(200);
      } while (performance.now() < end);
    } finally {
      await startService(location, service);
    }

    await round.finished();
    await round.nothingDoubled();
    const after = await untilReady(kube, secrets, kept);
    expect(after.status?.versions).toEqual(before.status?.versions);
    expect(bed.operatorLives()).toBe(true);
  });
});
