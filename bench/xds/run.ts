import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { checkout } from "#e2e/cluster/location.ts";
import { NODE_FLAGS } from "#operator/node-flags.ts";
import { buildXdsLibrary } from "../../tools/build-xds-library.ts";
import { machine } from "../machine.ts";
import { type Side, sides } from "./contenders.ts";
import { type ChangeKind, measure, type Run, type Size } from "./measure.ts";
import { page } from "./page.ts";
import type { Part, Parts } from "./report.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "5" },
    streams: { type: "string", default: "1000" },
    times: { type: "string", default: "15" },
    // Parts to measure now, of streams and services; another keeps what an earlier run found.
    only: { type: "string", default: "streams,services" },
    side: { type: "string", multiple: true, default: [...sides] },
    "node-flags": { type: "string", default: NODE_FLAGS.join(" ") },
  },
});

const runs = Number(values.runs);
const times = Number(values.times);
const nodeFlags = values["node-flags"].split(" ").filter((flag) => flag !== "");
const measured = sides.filter((side) => values.side.includes(side));
const print = (line: string): void => void process.stderr.write(`${line}\n`);

const changeKinds: readonly ChangeKind[] = [
  { name: "one endpoint", times, kind: "endpoint", resources: 1 },
  { name: "one cluster", times, kind: "cluster", resources: 1 },
  { name: "200 endpoints", times: Math.ceil(times / 2), kind: "endpoint", resources: 200 },
];
const catalogues = [100, 1_000, 10_000];
const folder = join(checkout, ".cache", "bench-results");
const library = join(checkout, ".cache", "xds-library", "dist", "index.js");

/** All sides in turn, and the first of a round is the last of the next. */
async function interleaved(size: Size, kinds: readonly ChangeKind[]): Promise<Part> {
  const found: Record<Side, Run[]> = { nephele: [], SnapshotCache: [], "LinearCache + Mux": [] };
  for (let round = 0; round < runs; round += 1) {
    for (const side of round % 2 === 0 ? measured : measured.toReversed()) {
      const result = await measure(side, size, kinds, { library, nodeFlags });
      found[side].push(result);
      const { syncSeconds, syncCpuSeconds, idle, peak, changes } = result;
      const mib = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(0)} MiB`;
      print(
        `${side}: first sync ${syncSeconds.toFixed(2)} s, ${syncCpuSeconds.toFixed(2)} CPU s; ${mib(idle)} idle, ${mib(peak)} peak`,
      );
      for (const [name, { cpuMs, untilLastMs, bytes }] of Object.entries(changes)) {
        const middle = untilLastMs.toSorted((a, b) => a - b)[untilLastMs.length >> 1];
        print(`  ${name}: ${cpuMs.toFixed(1)} CPU ms, ${middle?.toFixed(0)} ms, ${bytes.toFixed(0)} bytes a stream`);
      }
    }
  }
  return { ...size, machine: machine(), runs: found };
}

function keep(name: string, part: Part): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `xds-${name}.json`), JSON.stringify(part));
}

function kept(name: string): Part {
  return JSON.parse(readFileSync(join(folder, `xds-${name}.json`), "utf8")) as Part;
}

buildXdsLibrary(join(checkout, ".cache", "xds-library"));
const only = values.only.split(",");
if (only.includes("streams")) {
  keep("streams", await interleaved({ streams: Number(values.streams), services: 200 }, changeKinds));
}
if (only.includes("services")) {
  for (const services of catalogues) {
    print(`${services} services`);
    keep(`${services}`, await interleaved({ streams: 50, services }, changeKinds.slice(0, 1)));
  }
}
// Fewer runs, or one side, are for a look while something is tuned.
if (runs >= 5 && measured.length === sides.length) {
  const parts: Parts = { streams: kept("streams"), catalogues: catalogues.map((services) => kept(`${services}`)) };
  writeFileSync(join(checkout, "docs", "bench-xds.md"), page(parts, nodeFlags));
}
