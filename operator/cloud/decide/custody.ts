import type { KeyName } from "../names.ts";
import type { HeldKey, Values } from "./key-table.ts";

/** What is known of a Cloud's keys before anything is made. */
export interface CustodyFacts {
  readonly keys: readonly HeldKey[];
  /** Values of the core Secrets that are there. */
  readonly held: ReadonlyMap<KeyName, Values>;
  /** The record of what was made, which nothing but a Cloud's deletion removes; undefined where there is none. */
  readonly recorded: ReadonlySet<string> | undefined;
  /** Whether a volume of the bundled database is there. */
  readonly dataExists: boolean;
}

export type CustodyDecision =
  /** All keys are there and recorded. */
  | { readonly kind: "held" }
  /** Nothing was made with these yet: they are made, and recorded before anything uses them. */
  | { readonly kind: "make"; readonly keys: readonly HeldKey[] }
  | { readonly kind: "record"; readonly names: readonly KeyName[] }
  /** They were made once and are gone: never made anew, because data that exists is of them. */
  | { readonly kind: "lost"; readonly keys: readonly HeldKey[] }
  | { readonly kind: "damaged"; readonly name: KeyName; readonly problem: string };

/** What to do about the keys: the rule that keys are never made anew over data that exists. Pure. */
export function decideCustody({ keys, held, recorded, dataExists }: CustodyFacts): CustodyDecision {
  const missing = keys.filter(({ name }) => !held.has(name));
  // Without the record a volume says that there was a Cloud; with it, a key that it does not name is a new kind of key.
  const lost = missing.filter(({ name }) => (recorded === undefined ? dataExists : recorded.has(name)));
  if (lost.length > 0) return { kind: "lost", keys: lost };
  for (const { name, problem } of keys) {
    const values = held.get(name);
    const found = values === undefined ? undefined : problem(values);
    if (found !== undefined) return { kind: "damaged", name, problem: found };
  }
  if (missing.length > 0) return { kind: "make", keys: missing };
  const names = keys.map(({ name }) => name);
  if (recorded === undefined || names.some((name) => !recorded.has(name))) return { kind: "record", names };
  return { kind: "held" };
}
