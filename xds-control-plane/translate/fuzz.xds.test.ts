import fc from "fast-check";
import { expect, test } from "vitest";
import { envoyRefuses } from "../../e2e/envoy/validate.ts";
import { accepted } from "./accepted.ts";
import { arbitraryListener, arbitraryService, meshWith } from "./arbitrary-mesh.ts";
import { translate } from "./translate.ts";

/** Many listeners are validated at once: a start of Envoy costs more than they do. */
const listenersAtOnce = 25;

/** Seeds with which something was found once. */
const kept: readonly number[] = [2];

async function holds(seed: number, runs: number): Promise<number> {
  let count = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(arbitraryListener, { maxLength: listenersAtOnce, size: "max" }),
      arbitraryService,
      async (all, service) => {
        const good = all.flatMap((listener) => accepted(listener, service) ?? []);
        if (good.length === 0) return;
        count += good.length;
        const { mesh, proxy } = meshWith(good, service);
        expect(await envoyRefuses(translate(mesh, proxy), ["spire-agent"])).toBeUndefined();
      },
    ),
    { seed, numRuns: runs },
  );
  return count;
}

test("Envoy takes whatever is accepted", async () => {
  expect(await holds(Number(process.env["FUZZ_SEED"] ?? 1), 12)).toBeGreaterThan(12);
});

test.each(kept)("Envoy takes what it did not once (seed %i)", async (seed) => {
  await holds(seed, 12);
});
