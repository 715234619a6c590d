import { setTimeout as sleep } from "node:timers/promises";

/** What became of one operation of the load. */
export interface Sample {
  readonly kind: string;
  /** When it was begun and ended, in milliseconds of `performance.now()`. */
  readonly from: number;
  readonly to: number;
  /** Why it failed, where it did. */
  readonly error?: string;
}

/** One kind of operation; of `share` shares of all, so many are of this kind. */
export interface Operation {
  readonly kind: string;
  readonly share: number;
  readonly run: () => Promise<unknown>;
}

/** An error names what was refused, not which of a thousand secrets it was: equal ones are counted together. */
const wordsOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "…");

async function sampled({ kind, run }: Operation): Promise<Sample> {
  const from = performance.now();
  try {
    await run();
    return { kind, from, to: performance.now() };
  } catch (error) {
    return { kind, from, to: performance.now(), error: wordsOf(error) };
  }
}

/** The operations in turn, as often as their shares say: `[a, a, b]`. */
function turnsOf(operations: readonly Operation[]): readonly Operation[] {
  return operations.flatMap((operation) => Array.from({ length: operation.share }, () => operation));
}

/**
 * Begins operations at a constant rate while `work` goes on, whether those before are answered or not: one that hangs
 * holds up none of the others, as it is with many clients (an open loop). Ends when the last one that was begun has ended.
 * @param perSecond how many are begun in a second
 */
export async function loadWhile(
  operations: readonly Operation[],
  perSecond: number,
  work: () => Promise<void>,
): Promise<readonly Sample[]> {
  const turns = turnsOf(operations);
  const begun: Promise<Sample>[] = [];
  let going = true;
  const started = performance.now();
  const pacing = (async () => {
    for (let count = 0; going; count += 1) {
      const early = started + (count * 1000) / perSecond - performance.now();
      if (early > 0) await sleep(early);
      const next = turns[count % turns.length];
      if (next !== undefined && going) begun.push(sampled(next));
    }
  })();
  try {
    await work();
  } finally {
    going = false;
    await pacing;
  }
  return Promise.all(begun);
}

/** How many operations a second are answered when `clients` of them are always under way (a closed loop). */
export async function capacity(operations: readonly Operation[], clients: number, forMs: number): Promise<number> {
  const turns = turnsOf(operations);
  const started = performance.now();
  let count = 0;
  let answered = 0;
  const client = async (): Promise<void> => {
    while (performance.now() - started < forMs) {
      const next = turns[count++ % turns.length];
      if (next === undefined) return;
      const { error } = await sampled(next);
      if (error !== undefined) throw new Error(`the capacity cannot be measured: ${error}`);
      answered += 1;
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return answered / ((performance.now() - started) / 1000);
}
