import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeWhole } from "#e2e/cluster/files.ts";
import { checkout, clusterLocation } from "#e2e/cluster/location.ts";
import { startService, stopService } from "#e2e/cluster/openstack/faults.ts";
import { untilCondition, untilReady } from "#e2e/harness/conditions.ts";
import { COMPARE_AT } from "#operator/api/marks.ts";
import { clouds, projects, secrets } from "#operator/api/resources.ts";
import { findCondition } from "#runtime/api/conditions.ts";
import type { KubeObject } from "#runtime/api/object.ts";
import type { Resource } from "#runtime/api/resource.ts";
import { type Outage, reportText } from "./report.ts";
import { openRound, type Round } from "./round.ts";
import { type OutageBed, openOutageBed } from "./stage.ts";

/** How long a service is away, in seconds: a few in CI, 20 by `make chaos-outages`. */
const AWAY_MS = Number(process.env["NEPHELE_OUTAGE_SECONDS"] ?? 4) * 1_000;
const location = clusterLocation();
const REPORT = join(checkout, "docs/reports/outages.md");

let bed: OutageBed;
const rounds: Round[] = [];
const outages: Outage[] = [];
beforeAll(async () => {
  bed = await openOutageBed();
});
afterAll(async () => {
  bed?.startTheFallen();
  for (const round of rounds) await round.close();
  await bed?.close();
  // Only whole: four seconds are for finding out, not for the record.
  if (outages.length === CASES.length + 1 && AWAY_MS >= 20_000) writeWhole(REPORT, reportText(outages), 0o644);
});

interface Case {
  readonly service: keyof typeof NAMES;
  readonly named: RegExp;
  readonly aspect: string;
  /** A kind of which a new object cannot become Ready meanwhile. */
  readonly blocks: Resource<KubeObject>;
}

const NAMES = { keystone: "Keystone", barbican: "Barbican", postgres: "PostgreSQL, on which both stand" } as const;

/** What is away, which of the two the operator names for it, and the Cloud's condition that says so. */
const CASES: readonly Case[] = [
  { service: "keystone", named: /keystone/i, aspect: "IdentityReady", blocks: projects },
  { service: "barbican", named: /barbican/i, aspect: "KeyManagerReady", blocks: secrets },
  // Both stand on it, and Keystone is asked first.
  { service: "postgres", named: /keystone/i, aspect: "IdentityReady", blocks: projects },
];

describe.each(CASES)("$service away", ({ service, named, aspect, blocks }) => {
  test("is waited out by name, what was good stays good, and all is done once afterwards", async () => {
    const { kube } = bed.bed;
    const kept = { namespace: bed.tenant.name, name: "kept" };
    const round = openRound(bed, service);
    rounds.push(round);
    await round.prepare();
    const before = await untilReady(kube, secrets, kept);

    await stopService(location, service);
    const gone = performance.now();
    try {
      const end = gone + AWAY_MS;
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

    const back = performance.now();
    await round.finished();
    const recovered = seconds(back);
    await round.nothingDoubled();
    const after = await untilReady(kube, secrets, kept);
    expect(after.status?.versions).toEqual(before.status?.versions);
    expect(bed.operatorLives()).toBe(true);
    const said = `Cloud: ${aspect} is False; ${blocks.kind}: TransientError`;
    outages.push({ what: NAMES[service], away: (back - gone) / 1_000, said, recovered });
  });
});

describe("the API server", () => {
  test("is killed while everything is under way, and comes back forgetful: the operator lives on and ends its work", async () => {
    const { cluster } = bed;
    const round = openRound(bed, "api-server");
    rounds.push(round);
    await round.prepare();
    await round.act();
    await cluster.compactEtcd();
    const gone = performance.now();
    await cluster.stop("kube-apiserver", "SIGKILL");
    await cluster.restartApiServer();
    const back = performance.now();
    const fallen = setInterval(() => bed.startTheFallen(), 500);
    try {
      await round.finished();
    } finally {
      clearInterval(fallen);
    }
    const recovered = seconds(back);
    await round.nothingDoubled();
    expect(bed.operatorLives()).toBe(true);
    // All its watches broke, and the versions that they stood at are gone: 410.
    expect(bed.operatorLog()).toContain("too old resource version");
    const said = "nothing can be said; the watches' versions are gone (410), all is listed anew";
    outages.push({ what: "the API server, killed, and etcd compacted", away: (back - gone) / 1_000, said, recovered });
  });
});

function seconds(since: number): number {
  return (performance.now() - since) / 1_000;
}
