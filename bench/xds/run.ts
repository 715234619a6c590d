import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { getPriority } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { checkout } from "#e2e/cluster/location.ts";
import { NODE_FLAGS } from "#operator/node-flags.ts";
import { buildXdsLibrary } from "../../tools/build-xds-library.ts";
import { machine } from "../machine.ts";
import { type Side, sides } from "./contenders.ts";
import { type ChangeKind, measure, type Run, type Size } from "./measure.ts";
import { page } from "./page.ts";
import { isWhole, type Part, type Parts } from "./report.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "5" },
    streams: { type: "string", default: "1000" },
    times: { type: "string", default: "10" },
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
/** How many services, and how often one endpoint changes: the peers take a second for each among 10,000. */
const catalogues = [
  { services: 100, changes: 20 },
  { services: 1_000, changes: 20 },
  { services: 10_000, changes: 20 },
];
const folder = join(checkout, ".cache", "bench-results");
const library = join(checkout, ".cache", "xds-library", "dist", "index.js");

/**
 * All sides in turn, and the first of a round is the last of the next. What is found is kept after each round, so that one
 * that is cut off leaves whole rounds.
 */
async function interleaved(name: string, size: Size, kinds: readonly ChangeKind[]): Promise<void> {
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
    keep(name, { ...size, machine: `${machine()}, at nice ${getPriority()}`, runs: found });
  }
}

function keep(name: string, part: Part): void {
  if (!isWhole(part)) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `xds-${name}.json`), JSON.stringify(part));
}

function kept(name: string): Part {
  return JSON.parse(readFileSync(join(folder, `xds-${name}.json`), "utf8")) as Part;
}

buildXdsLibrary(join(checkout, ".cache", "xds-library"));
function isKept(name: string): boolean {
  return existsSync(join(folder, `xds-${name}.json`)) && isWhole(kept(name));
}

const only = values.only.split(",");
if (only.includes("streams")) {
  await interleaved("streams", { streams: Number(values.streams), services: 200 }, changeKinds);
}
if (only.includes("services")) {
  for (const { services, changes } of catalogues) {
    print(`${services} services`);
    const one: ChangeKind = { name: "one endpoint", times: changes, kind: "endpoint", resources: 1 };
    await interleaved(`${services}`, { streams: 50, services }, [one]);
  }
}
const all = ["streams", ...catalogues.map(({ services }) => `${services}`)];
const missing = all.filter((name) => !isKept(name));
if (missing.length > 0) print(`docs/bench-xds.md stays as it is: not measured of all sides: ${missing.join(", ")}`);
else if (measured.length === sides.length) {
  const parts: Parts = { streams: kept("streams"), catalogues: catalogues.map(({ services }) => kept(`${services}`)) };
  writeFileSync(join(checkout, "docs", "bench-xds.md"), page(parts, nodeFlags));
}
