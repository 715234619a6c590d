import { median } from "../median.ts";
import { quantile } from "../quantile.ts";
import { type Side, sides } from "./contenders.ts";
import type { Run, Size } from "./measure.ts";

/** One size of the load, with what every run of each side gave. */
export interface Part extends Size {
  readonly machine: string;
  readonly runs: Readonly<Record<Side, readonly Run[]>>;
}

/** Whether every side was measured: one alone is for a look while something is tuned, and compares nothing. */
export function isWhole({ runs }: Part): boolean {
  return sides.every((side) => runs[side].length > 0);
}

export interface Parts {
  readonly streams: Part;
  /** More and more services, with one endpoint changing. */
  readonly catalogues: readonly Part[];
}

/** A row: a number of each side, and how ours shall compare to the better one of the others. */
interface Row {
  readonly what: string;
  readonly digits: number;
  readonly of: (runs: readonly Run[]) => number;
  /** At most this share of the better of the others; undefined where the row is for reading only. */
  readonly goal?: number;
}

const kinds = ["one endpoint", "one cluster", "200 endpoints"] as const;
const cpuGoals = { "one endpoint": 0.4, "one cluster": 0.4, "200 endpoints": 0.6 } as const;
const p50Goal = 0.6;
/** A change costs the same however many services there are, but for the noise of the measurement. */
const flatGoal = 1.5;

const rows: readonly Row[] = [
  ...kinds.map((kind) => ({ what: `CPU ms a change, ${kind}`, digits: 1, of: cpuOf(kind), goal: cpuGoals[kind] })),
  ...kinds.flatMap((kind) => [
    { what: `until the last acknowledgement, ms, p50, ${kind}`, digits: 0, of: quantileOf(kind, 0.5), goal: p50Goal },
    { what: `the same, p99, ${kind}`, digits: 0, of: quantileOf(kind, 0.99) },
  ]),
  { what: "first sync of all streams, s", digits: 2, of: (runs) => median(runs.map((run) => run.syncSeconds)) },
  { what: "first sync of all streams, CPU s", digits: 2, of: (runs) => median(runs.map((run) => run.syncCpuSeconds)) },
  { what: "highest resident, MiB", digits: 0, of: (runs) => mebibytes(runs.map((run) => run.peak)), goal: 1 },
  { what: "resident before the first stream, MiB", digits: 0, of: (runs) => mebibytes(runs.map((run) => run.idle)) },
  ...kinds.map((kind) => ({ what: `bytes a stream, ${kind}`, digits: 0, of: bytesOf(kind) })),
];

/**
 * The benchmark's tables, as Markdown: medians of each side, and ours over the better of the others.
 *
 * @throws Error where a number is missing
 */
export function tables({ streams, catalogues }: Parts): string {
  const head = ["", ...sides, "ratio", "goal"];
  const first = [head, head.map(() => "---"), ...rows.map((row) => cells(row, streams.runs))];
  const [least, most] = [catalogues[0], catalogues.at(-1)];
  const growth = (side: Side): number =>
    cpuOf("one endpoint")(most?.runs[side] ?? []) / cpuOf("one endpoint")(least?.runs[side] ?? []);
  const flat = growth("nephele");
  const second = [
    ["services", ...sides.map((side) => `CPU ms a change, ${side}`), ...sides.map((side) => `bytes a stream, ${side}`)],
    Array.from({ length: 1 + 2 * sides.length }, () => "---"),
    ...catalogues.map(({ services, runs }) => [
      services.toLocaleString("en"),
      ...sides.map((side) => text(cpuOf("one endpoint")(runs[side]), 1, `${side} among ${services} services`)),
      ...sides.map((side) => text(bytesOf("one endpoint")(runs[side]), 0, `${side} among ${services} services`)),
    ]),
    [
      "most / least",
      ...sides.map((side) =>
        side === "nephele" ? `${flat.toFixed(2)} – ${verdict(flat, flatGoal)}` : growth(side).toFixed(2),
      ),
      ...sides.map(() => ""),
    ],
  ];
  return `${markdown(first)}\n\n${markdown(second)}`;
}

/** What both parts were measured with. */
export function conditions({ streams, catalogues }: Parts): string {
  const lines = [streams, ...catalogues].map(
    ({ streams: count, services, machine, runs }) =>
      `| ${count.toLocaleString("en")} | ${services.toLocaleString("en")} | ${runs.nephele.length} | ${changesOf(runs)} | ${machine} |`,
  );
  return [
    "| streams | services | runs a side | changes a run | machine |",
    "| --- | --- | --- | --- | --- |",
    ...lines,
  ].join("\n");
}

/** How many changes of one endpoint were counted in a run. */
function changesOf({ nephele }: Part["runs"]): number {
  return nephele[0]?.changes["one endpoint"]?.untilLastMs.length ?? 0;
}

function cells({ what, digits, of, goal }: Row, runs: Part["runs"]): readonly string[] {
  const values = sides.map((side) => of(runs[side]));
  const [ours = Number.NaN, ...others] = values;
  const ratio = ours / Math.min(...others);
  return [
    what,
    ...values.map((value, at) => text(value, digits, `${sides[at]}: ${what}`)),
    text(ratio, 2, what),
    goal === undefined ? "" : `at most ${goal} – ${verdict(ratio, goal)}`,
  ];
}

/** A number that was measured. @throws Error where it is none: a page says nothing that was not measured */
function text(value: number, digits: number, what: string): string {
  if (Number.isNaN(value)) throw new Error(`not measured: ${what}; run make bench-xds whole`);
  return value.toFixed(digits);
}

function verdict(ratio: number, goal: number): string {
  return ratio <= goal ? "met" : "missed";
}

function cpuOf(kind: string): Row["of"] {
  return (runs) => median(runs.map(({ changes }) => changes[kind]?.cpuMs ?? Number.NaN));
}

function bytesOf(kind: string): Row["of"] {
  return (runs) => median(runs.map(({ changes }) => changes[kind]?.bytes ?? Number.NaN));
}

/** Of the changes of all runs together: a run has too few for a p99. */
function quantileOf(kind: string, share: number): Row["of"] {
  return (runs) =>
    quantile(
      runs.flatMap(({ changes }) => changes[kind]?.untilLastMs ?? []),
      share,
    );
}

function mebibytes(bytes: readonly number[]): number {
  return median(bytes) / 1024 ** 2;
}

function markdown(lines: readonly (readonly string[])[]): string {
  return lines.map((line) => `| ${line.join(" | ")} |`).join("\n");
}
