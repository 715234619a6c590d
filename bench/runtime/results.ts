import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkout } from "#e2e/cluster/location.ts";
import type { Memory, Restart, Throughput } from "./measure.ts";
import type { Contender } from "./subject.ts";

export type Sides<T> = Readonly<Record<Contender["name"], readonly T[]>>;

/** What the parts of the benchmark found. A part is measured in one go, its sides interleaved. */
export interface Parts {
  readonly one: Part & { readonly throughput: Sides<Throughput> };
  readonly ten: Part & { readonly throughput: Sides<Throughput> };
  readonly memory: Part & { readonly empty: Sides<Memory>; readonly restarts: Sides<Restart> };
}

interface Part {
  readonly machine: string;
  readonly runs: number;
  readonly objects: number;
  /** Writes by user agent, of which each run has its own. */
  readonly writes: Readonly<Record<string, number>>;
}

const folder = join(checkout, ".cache", "bench-results");

/** Keeps what a part found, so that parts can be measured one by one, when the machine is free. */
export function keep<P extends keyof Parts>(part: P, found: Parts[P]): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${part}.json`), JSON.stringify(found));
}

/** What each part found when it was last measured in this checkout; without those that never were. */
export function keptParts(): Partial<Parts> {
  const [one, ten, memory] = [kept("one"), kept("ten"), kept("memory")];
  return {
    ...(one === undefined ? {} : { one }),
    ...(ten === undefined ? {} : { ten }),
    ...(memory === undefined ? {} : { memory }),
  };
}

function kept<P extends keyof Parts>(part: P): Parts[P] | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, `${part}.json`), "utf8")) as Parts[P];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
