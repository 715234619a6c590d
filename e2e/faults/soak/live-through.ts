import { unique } from "#e2e/harness/bed.ts";
import type { TenantRequests } from "#e2e/scenarios/tenant-requests.ts";
import type { Event } from "./events.ts";
import { loadWhile, type Operation } from "./load.ts";
import type { Happened } from "./report.ts";
import { summaryOf } from "./summary.ts";

/** So many requests at once when what was written is read and removed. */
const AT_ONCE = 4;

/** What a tenant does all the time, and what of it was acknowledged. */
export interface Work {
  readonly operations: readonly Operation[];
  /** Reads what was stored since it was asked last, removes it, and gives how much of it could not be read. */
  readonly lost: () => Promise<number>;
}

/** @param kept a secret of the tenant with this payload */
export function workOf(tenant: TenantRequests, kept: { readonly id: string; readonly payload: string }): Work {
  let acknowledged: (readonly [id: string, payload: string])[] = [];
  const read = async (id: string, payload: string): Promise<void> => {
    if ((await tenant.ask(id)) !== payload) throw new Error("Barbican gave another payload than was stored");
  };
  return {
    operations: [
      { kind: "read", share: 7, run: () => read(kept.id, kept.payload) },
      {
        kind: "write",
        share: 2,
        run: async () => {
          const payload = unique("payload");
          acknowledged.push([await tenant.store(payload), payload]);
        },
      },
      { kind: "login", share: 1, run: () => tenant.login() },
    ],
    lost: async () => {
      const all = acknowledged;
      acknowledged = [];
      let lost = 0;
      const next = all.values();
      const readers = Array.from({ length: AT_ONCE }, async () => {
        for (const [id, payload] of next) {
          const there = await read(id, payload).then(
            () => true,
            () => false,
          );
          if (there) await tenant.remove(id);
          else lost += 1;
        }
      });
      await Promise.all(readers);
      return lost;
    },
  };
}

/** An event under load, until all is well again. */
export async function liveThrough(
  { what, goal, run }: Event,
  { operations, lost }: Work,
  perSecond: number,
  untilWell: () => Promise<void>,
): Promise<Happened> {
  const started = performance.now();
  const samples = await loadWhile(operations, perSecond, async () => {
    await run();
    await untilWell();
  });
  const seconds = (performance.now() - started) / 1000;
  return { ...summaryOf(samples), what, goal, seconds, lost: await lost() };
}
