import { NODE_FLAGS } from "#operator/node-flags.ts";
import { median } from "../median.ts";
import { type Memory, WARM_UP } from "./measure.ts";
import type { Parts, Sides } from "./results.ts";
import type { Contender } from "./subject.ts";

interface Row {
  readonly what: string;
  readonly ours: number;
  readonly theirs: number;
  readonly digits: number;
  /** What `ours / theirs` shall be; undefined where the row is for reading only. */
  readonly goal?: "least 1" | "most 1" | "most 0.4";
}

/**
 * The benchmark's page: medians of both sides, and their ratio.
 * @param versions of both sides, in words
 */
export function report(parts: Partial<Parts>, versions: string): string {
  const head = ["", "runtime", "controller-runtime", "ratio", "goal"];
  const table = [head, head.map(() => "---"), ...rowsOf(parts).map(cells)]
    .map((line) => `| ${line.join(" | ")} |`)
    .join("\n");
  const named = { one: "1 worker", ten: "10 workers", memory: "memory and restart" } as const;
  const n = (count: number): string => count.toLocaleString("en");
  const partsTable = (["one", "ten", "memory"] as const)
    .map((name) => {
      const part = parts[name];
      if (part === undefined) return `| ${named[name]} | 0: not measured yet | | |`;
      return `| ${named[name]} | ${part.runs} | ${n(part.objects)} | ${part.machine} |`;
    })
    .join("\n");
  return `# The runtime against controller-runtime

Written by \`make bench-runtime\`. Medians of interleaved runs (first A then B, next B then A), with the API server, etcd and the
writers on the same machine. ${versions}.

${table}

| part | runs a side | objects | machine |
| --- | --- | --- | --- |
${partsTable}

A load average far above the number of cores says that other programs took most of the machine: then objects a second and
seconds are the machine's more than the programs', and CPU, memory and writes are what to read.

## What is measured

Both do the same work: for each Sample (a custom object) a ConfigMap by server-side apply, with an owner reference, then
the Sample's status (three conditions) by server-side apply; they watch both kinds and write only what differs from their cache.

- To Ready: Samples made by 24 writers while the controller runs, which has done ${WARM_UP} before; the time is from the first request
  of a writer to the last Ready=True that another watch sees. CPU is the controller's alone, user and system, all threads
  (/proc/pid/stat), until a second after the last object.
- Memory per object watched: resident memory five seconds after a start with all Samples and as many ConfigMaps, less
  that of a start with none, divided by both kinds' objects. "Collected" is the same after a forced garbage collection on both sides.
- Those objects are one Sample and its ConfigMap as the runtime made them, copied in etcd with other names and UIDs.
- Restart: from the start of the process until each Sample has been looked at once, with ten workers; nothing needs to be written.
- Writes are counted from the API server's audit log.

## The peer at its best

Typed objects rather than unstructured ones; no limit on requests of its own (client-go's default is 20 a second); news filtered by
generation, labels and annotations, as ours is; its cache with managed fields stripped by \`DefaultTransform\`, as ours are.
controller-runtime keeps them unless it is told so: rows "against its defaults" are that. GOMAXPROCS and GOGC are Go's defaults:
a lower GOGC, or a GOMEMLIMIT near what is live, takes less memory for more processor time, and must be chosen for a number of
objects that is known. Custom resources have no protobuf; ConfigMaps use it. Node runs with \`${NODE_FLAGS.join(" ")}\`, and
finds what it compiled before, as the operator does in its image.

## Where it falls short, and why

- **Objects a second with ten workers** are as many as the writers make: both sides are done when those are, and what differs between
  them (0.97 to 1.01 of the peer's in whole runs) is less than what differs between two runs of one side.
- **Memory with no objects** is Node's own and the modules': until docs/adr/0041 it was 159 MiB.
- **Memory per object** is what a program takes as it runs, five seconds after its start. Ours collects its garbage once, when
  every object has been looked at (runtime/manager/give-back.ts), Go's whenever the heap has doubled.
- **Collected**, where both are made to collect first, the goal is missed. A Sample and a ConfigMap take about 0.8 KiB each on average
  in V8's heap, 1.0 KiB with what else the process came to hold. More than half of it are texts of an object's own (UID, names,
  versions, the spec's text) and three conditions of six fields each.

Tried: equal short texts are kept once (runtime/client/shared-strings.ts), a third of an object; objects have no key of their own in
the store, and no record for when they come back: 122 bytes of 901 (runtime/watch/store.ts, runtime/queue/queue.ts). Metadata without
a copy: 16 bytes, not kept.
`;
}

function rowsOf({ one, ten, memory }: Partial<Parts>): readonly Row[] {
  return [
    ...(one === undefined ? [] : throughputRows("1 worker", one)),
    ...(ten === undefined ? [] : throughputRows("10 workers", ten)),
    ...(memory === undefined ? [] : memoryRows(memory)),
  ];
}

type Peer = Exclude<Contender["name"], "runtime">;

function both<T>(
  sides: Sides<T>,
  of: (one: T) => number,
  peer: Peer = "controller-runtime",
): Pick<Row, "ours" | "theirs"> {
  return { ours: median(sides.runtime.map(of)), theirs: median(sides[peer].map(of)) };
}

/** How many writes a run made. */
function writesOf({ writes }: Parts[keyof Parts]): (run: { readonly userAgent: string }) => number {
  return ({ userAgent }) => writes[userAgent] ?? 0;
}

function throughputRows(words: string, part: Parts["one"]): readonly Row[] {
  const { throughput, objects } = part;
  const written = writesOf(part);
  return [
    { what: `CPU ms an object, ${words}`, ...both(throughput, (r) => r.cpuMsPerObject), digits: 2, goal: "most 1" },
    { what: `objects/s, ${words}`, ...both(throughput, (r) => r.objectsPerSecond), digits: 1, goal: "least 1" },
    {
      what: `writes an object, ${words}`,
      ...both(throughput, (r) => written(r) / (WARM_UP + objects)),
      digits: 2,
      goal: "most 1",
    },
  ];
}

function memoryRows(part: Parts["memory"]): readonly Row[] {
  const { empty, restarts, objects } = part;
  const mega = 1024 * 1024;
  const perObject = (of: (one: Memory) => number, peer?: Peer) => {
    const [full, none] = [both(restarts, of, peer), both(empty, of, peer)];
    const each = (all: number, base: number): number => (all - base) / (2 * objects) / 1024;
    return { ours: each(full.ours, none.ours), theirs: each(full.theirs, none.theirs) };
  };
  const watched = (words: string, of: (one: Memory) => number): readonly Row[] =>
    [undefined, "controller-runtime, defaults" as const].map((peer) => ({
      what: `memory per object watched${words}, KiB${peer === undefined ? "" : ", against its defaults"}`,
      ...perObject(of, peer),
      digits: 2,
      goal: "most 0.4" as const,
    }));
  return [
    ...watched("", ({ rss }) => rss),
    ...watched(", collected", ({ collectedRss }) => collectedRss),
    { what: "resident with no objects, MiB", ...both(empty, (r) => r.rss / mega), digits: 0 },
    { what: "restart, CPU s", ...both(restarts, (r) => r.cpuSeconds), digits: 2, goal: "most 1" },
    { what: "restart, until all are looked at, s", ...both(restarts, (r) => r.seconds), digits: 2, goal: "most 1" },
    { what: "resident after the restart, MiB", ...both(restarts, (r) => r.rss / mega), digits: 0 },
    { what: "highest resident, MiB", ...both(restarts, (r) => r.peakRss / mega), digits: 0 },
    { what: "writes after the restart", ...both(restarts, writesOf(part)), digits: 0 },
  ];
}

function cells({ what, ours, theirs, digits, goal }: Row): readonly string[] {
  const ratio = theirs === 0 ? undefined : ours / theirs;
  const met = ratio === undefined || goal === undefined ? "" : `at ${goal} – ${meets(ratio, goal) ? "met" : "missed"}`;
  return [what, ours.toFixed(digits), theirs.toFixed(digits), ratio?.toFixed(2) ?? "–", met];
}

/** Two decimals are what is printed, so they are what is judged. */
function meets(ratio: number, goal: NonNullable<Row["goal"]>): boolean {
  const rounded = Math.round(ratio * 100) / 100;
  switch (goal) {
    case "least 1":
      return rounded >= 1;
    case "most 1":
      return rounded <= 1;
    case "most 0.4":
      return rounded <= 0.4;
    default:
      return goal satisfies never;
  }
}
