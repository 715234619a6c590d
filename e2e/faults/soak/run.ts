import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeWhole } from "#e2e/cluster/files.ts";
import { checkout, clusterLocation } from "#e2e/cluster/location.ts";
import { unique } from "#e2e/harness/bed.ts";
import { upNode } from "#e2e/node/up.ts";
import { openCloudBed } from "#e2e/scenarios/cloud-bed.ts";
import { openOwnCloud } from "#e2e/scenarios/own-cloud.ts";
import { images } from "../../../images/build.ts";
import { eventsOf, type Pods, untilWhole } from "./events.ts";
import { liveThrough, workOf } from "./live-through.ts";
import { capacity } from "./load.ts";
import { type Happened, met, reportText } from "./report.ts";

// `make soak`: everything that happens to a Cloud in its life, one after another, under load. About half an hour.

const REPORT = join(checkout, "docs/reports/soak.md");
/** So that saturation, which is no fault, is not what is seen: half of what was answered, and no more than this a second. */
const MOST_PER_SECOND = 15;
const CAPACITY = { clients: 4, forMs: 20_000 } as const;
const PODS: Pods = { keystone: 2, barbican: 2, postgresql: 3, memcached: 1 };
const OLDER = ["2025.1", "2026.1"].flatMap((release) => [`keystone:${release}`, `barbican:${release}`]);
const { values } = parseArgs({
  options: { only: { type: "string", description: "pods, keys, releases or control: not for the record" } },
});
const print = (line: string): void => void process.stderr.write(`${line}\n`);

const { stateDir } = await upNode(clusterLocation(process.env, "node"), print);
const bed = await openCloudBed(stateDir);
const name = unique("soak");
const happened: Happened[] = [];
try {
  await bed.node.importImages(await images(OLDER, print));
  const own = await openOwnCloud(bed, name, { release: "2025.1", instances: 3 });
  try {
    const payload = unique("payload");
    const work = workOf(own.tenant, { id: await own.tenant.store(payload), payload });
    await untilWhole(bed, name, PODS);
    const most = await capacity(work.operations, CAPACITY.clients, CAPACITY.forMs);
    await work.lost();
    const perSecond = Math.min(MOST_PER_SECOND, most / 2);
    print(`${perSecond.toFixed(1)} operations a second, of ${most.toFixed(1)}`);
    const events = eventsOf(bed, name, PODS);
    const chosen = Object.entries(events).filter(([group]) => values.only === undefined || values.only === group);
    for (const event of chosen.flatMap(([, group]) => group)) {
      const one = await liveThrough(event, work, perSecond, () => untilWhole(bed, name, PODS));
      print(`${met(one) ? "met" : "MISSED"}: ${JSON.stringify(one)}`);
      happened.push(one);
    }
    const text = reportText(
      { perSecond, capacity: most, machine: { loadAverage: loadavg()[2] ?? 0, cores: availableParallelism() } },
      happened,
    );
    if (values.only === undefined) writeWhole(REPORT, text, 0o644);
    else print(text);
  } finally {
    await own.close();
  }
} finally {
  await bed.close();
}
process.exitCode = happened.length > 0 && happened.every(met) ? 0 : 1;
