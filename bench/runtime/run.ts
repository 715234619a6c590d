import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { checkout } from "#e2e/cluster/location.ts";
import { createClient } from "#runtime/client/client.ts";
import { connect } from "#runtime/client/connection.ts";
import { createTransport } from "#runtime/client/transport.ts";
import { auditOf, writesByUserAgent } from "../audit.ts";
import { type Bed, withBed } from "../bed.ts";
import { machine } from "../machine.ts";
import { controllerRuntimeContenders, runtimeContender, versions } from "./contenders.ts";
import { type Bench, emptyMemory, fill, type Restart, restart, type Throughput, throughput } from "./measure.ts";
import { report } from "./report.ts";
import { keep, keptParts } from "./results.ts";
import { installSamples } from "./samples.ts";
import type { Contender } from "./subject.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "5" },
    objects: { type: "string", default: "2000" },
    watched: { type: "string", default: "10000" },
    // Parts to measure now, of one, ten and memory; those of an earlier run stay as they are on the page.
    only: { type: "string" },
    "node-flags": { type: "string" },
  },
});

const runs = Number(values.runs);
const objects = Number(values.objects);
const watched = Number(values.watched);
const print = (line: string): void => void process.stderr.write(`${line}\n`);

/** All sides in turn, and the first of a round is the last of the next. */
async function interleaved<T>(
  sides: readonly Contender[],
  measure: (side: Contender) => Promise<T>,
): Promise<Record<Contender["name"], T[]>> {
  const found: Record<Contender["name"], T[]> = {
    runtime: [],
    "controller-runtime": [],
    "controller-runtime, defaults": [],
  };
  for (let round = 0; round < runs; round += 1) {
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      const result = await measure(side);
      found[side.name].push(result);
      print(`${side.name}: ${JSON.stringify(result)}`);
    }
  }
  return found;
}

/** Writes of each run until now. */
async function writes(bed: Bed): Promise<Readonly<Record<string, number>>> {
  return Object.fromEntries(writesByUserAgent(await auditOf(bed.auditLog, ["runtime/", "controller-runtime"])));
}

async function main(): Promise<void> {
  const peer = await controllerRuntimeContenders(print);
  const ours = runtimeContender(values["node-flags"]?.split(" "));
  const sides = [ours, peer.best];
  const withDefaults = [...sides, peer.defaults];
  await withBed(print, async (bed) => {
    const connection = await connect({ kubeconfig: bed.kubeconfig });
    try {
      const transport = createTransport(connection, { userAgent: "bench-writer/1" });
      const bench: Bench = { bed, transport, kube: createClient(transport) };
      await installSamples(bench.kube);
      const wanted = (part: string): boolean => values.only === undefined || values.only.split(",").includes(part);
      for (const [part, workers] of [
        ["one", 1],
        ["ten", 10],
      ] as const) {
        if (!wanted(part)) continue;
        print(`${objects} objects, workers: ${part}`);
        const found = await interleaved<Throughput>(sides, (side) => throughput(bench, side, { workers, objects }));
        keep(part, { machine: machine(), runs, objects, writes: await writes(bed), throughput: found });
      }
      if (wanted("memory")) {
        print(`${watched} objects: memory and restart`);
        const empty = await interleaved(withDefaults, (side) => emptyMemory(bench, side));
        await fill(bench, ours, watched);
        const restarts = await interleaved<Restart>(withDefaults, (side) => restart(bench, side, watched));
        keep("memory", { machine: machine(), runs, objects: watched, writes: await writes(bed), empty, restarts });
      }
      const parts = keptParts();
      const text = report(parts, await versions(peer.best));
      print(text);
      // Fewer runs are for a look while something is tuned.
      if (Object.values(parts).every((part) => part.runs >= 5))
        writeFileSync(join(checkout, "docs", "bench-runtime.md"), text);
    } finally {
      await connection.close();
    }
  });
}

// An end by hand must leave no controller behind.
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => process.exit(1));
await main();
