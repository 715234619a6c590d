import { NODE_FLAGS } from "./contenders.ts";
import type { Restart, Throughput } from "./measure.ts";
import type { Contender } from "./subject.ts";

type Sides<T> = Readonly<Record<Contender["name"], readonly T[]>>;

export interface Results {
  readonly runs: number;
  readonly objects: number;
  readonly watched: number;
  readonly versions: string;
  /** With one worker. */
  readonly one: Sides<Throughput>;
  /** With ten workers. */
  readonly ten: Sides<Throughput>;
  readonly memory: {
    readonly empty: Sides<{ readonly rss: number; readonly collectedRss: number }>;
    readonly restarts: Sides<Restart>;
  };
  readonly writes: ReadonlyMap<string, number>;
}

interface Row {
  readonly what: string;
  readonly ours: number;
  readonly theirs: number;
  readonly digits: number;
  /** What `ours / theirs` shall be; undefined where the row is for reading only. */
  readonly goal?: "least 1" | "most 1" | "most 0.4";
}

/** The benchmark's page: medians of both sides, and their ratio. */
export function report(results: Results): string {
  const rows = rowsOf(results);
  const head = ["", "runtime", "controller-runtime", "ratio", "goal"];
  const table = [head, head.map(() => "---"), ...rows.map(cells)].map((line) => `| ${line.join(" | ")} |`).join("\n");
  return `# The runtime against controller-runtime

Written by \`make bench-runtime\`. Medians of ${results.runs} interleaved runs on two cores, with the API server, etcd and the
writers on the same two. ${results.versions}.

Both controllers do the same: for each Sample (a custom object) a ConfigMap by server-side apply, with an owner
reference, then the Sample's status (three conditions) by server-side apply; they watch both kinds and write only what
differs from their cache. controller-runtime has typed objects, its cache with managed fields stripped as ours are (by default it
keeps them; rows that say so), no limit on requests, protobuf for ConfigMaps, and news filtered by generation, labels
and annotations. Node runs with \`${NODE_FLAGS.join(" ")}\`.

${table}

- To Ready: ${results.objects.toLocaleString("en")} Samples made by 24 writers while the controller runs; the time is from the first request of a
  writer to the last Ready=True that another watch sees. CPU is the controller's alone (/proc/pid/stat).
- Memory per object watched: resident memory five seconds after a start with ${results.watched.toLocaleString("en")} Samples and as many ConfigMaps, less
  that of a start with none, divided by the ${(2 * results.watched).toLocaleString("en")} objects. "Collected" is the same after a forced garbage collection
  on both sides.
- Restart: from the start of the process until each Sample has been looked at once, with ten workers.
- Writes are counted from the API server's audit log.
`;
}

function rowsOf({ one, ten, memory, writes, objects, watched }: Results): readonly Row[] {
  const { empty, restarts } = memory;
  type Peer = Exclude<Contender["name"], "runtime">;
  const both = <T>(sides: Sides<T>, of: (one: T) => number, peer: Peer = "controller-runtime") => ({
    ours: median(sides.runtime.map(of)),
    theirs: median(sides[peer].map(of)),
  });
  const perObject = (of: (one: { rss: number; collectedRss: number }) => number, peer?: Peer) => {
    const [full, none] = [both(restarts, of, peer), both(empty, of, peer)];
    const each = (all: number, base: number): number => (all - base) / (2 * watched) / 1024;
    return { ours: each(full.ours, none.ours), theirs: each(full.theirs, none.theirs) };
  };
  const written = ({ userAgent }: { readonly userAgent: string }): number => writes.get(userAgent) ?? 0;
  const mega = 1024 * 1024;
  return [
    { what: "to Ready, 1 worker, objects/s", ...both(one, (r) => r.objectsPerSecond), digits: 0, goal: "least 1" },
    { what: "CPU ms an object", ...both(one, (r) => r.cpuMsPerObject), digits: 2, goal: "most 1" },
    { what: "to Ready, 10 workers, objects/s", ...both(ten, (r) => r.objectsPerSecond), digits: 0, goal: "least 1" },
    { what: "CPU ms an object", ...both(ten, (r) => r.cpuMsPerObject), digits: 2, goal: "most 1" },
    { what: "writes an object", ...both(ten, (r) => written(r) / objects), digits: 2, goal: "most 1" },
    { what: "memory per object watched, KiB", ...perObject(({ rss }) => rss), digits: 2, goal: "most 0.4" },
    {
      what: "the same, against its defaults",
      ...perObject(({ rss }) => rss, "controller-runtime, defaults"),
      digits: 2,
      goal: "most 0.4",
    },
    {
      what: "memory per object watched, collected, KiB",
      ...perObject(({ collectedRss }) => collectedRss),
      digits: 2,
      goal: "most 0.4",
    },
    {
      what: "the same, against its defaults",
      ...perObject(({ collectedRss }) => collectedRss, "controller-runtime, defaults"),
      digits: 2,
      goal: "most 0.4",
    },
    { what: "resident with no objects, MiB", ...both(empty, (r) => r.rss / mega), digits: 0 },
    { what: "restart, until all are looked at, s", ...both(restarts, (r) => r.seconds), digits: 2, goal: "most 1" },
    { what: "restart, CPU s", ...both(restarts, (r) => r.cpuSeconds), digits: 2, goal: "most 1" },
    { what: "resident after the restart, MiB", ...both(restarts, (r) => r.rss / mega), digits: 0 },
    { what: "highest resident, MiB", ...both(restarts, (r) => r.peakRss / mega), digits: 0 },
    { what: "writes after the restart", ...both(restarts, written), digits: 0 },
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

/** The middle value; of an even number, the mean of the middle two. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}
