import type { Variant } from "../stream/messages.ts";
import { type Case, cases } from "./obligations.ts";
import { Session, type Subject } from "./subject.ts";

/** How a client speaks. */
export interface Mode {
  readonly variant: Variant;
  readonly isAggregated: boolean;
}

/** Both variants, aggregated and with a stream a type. */
export const modes: readonly Mode[] = (["sotw", "delta"] as const).flatMap((variant) =>
  [true, false].map((isAggregated) => ({ variant, isAggregated })),
);

/** How tests and pages call a mode. */
export function modeName({ variant, isAggregated }: Mode): string {
  return `${variant === "sotw" ? "SotW" : "delta"}${isAggregated ? " ADS" : ""}`;
}

/** The cases that hold for a mode. */
export function casesOf({ variant, isAggregated }: Mode): readonly Case[] {
  return cases.filter(
    ({ variants, aggregatedOnly }) => variants.includes(variant) && (isAggregated || !aggregatedOnly),
  );
}

/** What a case showed of a subject in a mode; `miss` is what was seen instead, undefined where it holds. */
export interface Outcome {
  readonly case: Case;
  readonly mode: Mode;
  readonly miss: string | undefined;
}

/** So many cases run at once. A subject that misses one mostly says nothing, and is waited for. */
const atOnce = 24;

/** Runs every case in every mode, each against a subject of its own. */
export async function runAll(start: () => Promise<Subject>): Promise<readonly Outcome[]> {
  const all = modes.flatMap((mode) => casesOf(mode).map((each) => ({ case: each, mode })));
  const outcomes: Outcome[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < all.length; at = next++) {
      const one = all[at];
      if (one !== undefined) outcomes[at] = { ...one, miss: await missOf(one.case, one.mode, start) };
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return outcomes;
}

async function missOf(each: Case, mode: Mode, start: () => Promise<Subject>): Promise<string | undefined> {
  const subject = await start();
  const session = new Session(subject, mode.variant, mode.isAggregated);
  try {
    await each.run(session);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    session.close();
    await subject.close();
  }
}
