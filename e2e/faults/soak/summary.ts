import type { Sample } from "./load.ts";

/** What a load was answered while something happened. */
export interface Summary {
  /** Operations by kind. */
  readonly counts: Readonly<Record<string, number>>;
  /** What failed, by what was said, with how often. */
  readonly errors: Readonly<Record<string, number>>;
  /** Of those that were answered well, in milliseconds; NaN of none. */
  readonly p50: number;
  readonly p99: number;
  /** The longest time in which no operation of a kind was answered well though some were begun, in milliseconds. */
  readonly longestPause: number;
}

export function summaryOf(samples: readonly Sample[]): Summary {
  const counts: Record<string, number> = {};
  const errors: Record<string, number> = {};
  for (const { kind, error } of samples) {
    counts[kind] = (counts[kind] ?? 0) + 1;
    if (error !== undefined) errors[error] = (errors[error] ?? 0) + 1;
  }
  const good = samples.filter(({ error }) => error === undefined);
  const latencies = good.map(({ from, to }) => to - from).toSorted((a, b) => a - b);
  const pauses = Object.keys(counts).map((kind) => longestPause(samples.filter((sample) => sample.kind === kind)));
  return {
    counts,
    errors,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    longestPause: Math.max(0, ...pauses),
  };
}

/** The nearest-rank percentile of values in order. */
function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** From the beginning of the load to its end, as its samples tell them. */
function longestPause(samples: readonly Sample[]): number {
  const begin = Math.min(...samples.map(({ from }) => from));
  const end = Math.max(...samples.map(({ to }) => to));
  const answers = samples.filter(({ error }) => error === undefined).map(({ to }) => to);
  const times = [begin, ...answers.toSorted((a, b) => a - b), end];
  return Math.max(...times.slice(1).map((time, at) => time - (times[at] ?? time)));
}
