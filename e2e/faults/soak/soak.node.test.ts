import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { unique } from "#e2e/harness/bed.ts";
import { type CloudBed, MINUTES, openCloudBed, team } from "#e2e/scenarios/cloud-bed.ts";
import { openTenantRequests, type TenantRequests } from "#e2e/scenarios/tenant-requests.ts";
import { eventsOf, type Pods, untilWhole } from "./events.ts";
import { liveThrough, type Work, workOf } from "./live-through.ts";
import { met } from "./report.ts";

/** The short version of `make soak`, on the chart's own Cloud. */
const CLOUD = "default";
const PODS: Pods = { keystone: 2, barbican: 2, postgresql: 1, memcached: 1 };
const PER_SECOND = 5;

let bed: CloudBed;
let tenant: TenantRequests;
let kept: { readonly id: string; readonly payload: string };
let work: Work;
beforeAll(async () => {
  bed = await openCloudBed(inject("nodeStateDir"));
  tenant = await openTenantRequests(bed.node, CLOUD, team);
  const payload = unique("payload");
  kept = { id: await tenant.store(payload), payload };
  work = workOf(tenant, kept);
}, 10 * MINUTES);
afterAll(async () => {
  if (kept !== undefined) await tenant.remove(kept.id);
  tenant?.close();
  await bed?.close();
}, 2 * MINUTES);

const named = (what: string) => {
  const event = Object.values(eventsOf(bed, CLOUD, PODS))
    .flat()
    .find((each) => each.what === what);
  if (event === undefined) throw new Error(`there is no event "${what}"`);
  return event;
};

test.each(["each pod of Barbican goes", "all pods of Barbican are killed at once"])(
  "under load, %s: the tenant sees no error, or, where it is the control, some; nothing acknowledged is lost",
  async (what) => {
    const happened = await liveThrough(named(what), work, PER_SECOND, () => untilWhole(bed, CLOUD, PODS));
    process.stderr.write(`${JSON.stringify(happened)}\n`);
    expect(happened.counts["write"]).toBeGreaterThan(0);
    expect(happened).toSatisfy(met);
  },
  6 * MINUTES,
);
