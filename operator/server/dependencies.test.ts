import { describe, expect, test } from "vitest";
import type { Flavor } from "#operator/api/generated/flavor.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";
import { requireDependency } from "#runtime/controller/require.ts";
import type { CacheReader } from "#runtime/watch/cache.ts";
import { flavorOfServer } from "./dependencies.ts";
import { aFlavor, aServer, CREATED } from "./fixtures.ts";

const going = (name: string): Flavor => ({
  ...aFlavor(name),
  metadata: { ...aFlavor(name).metadata, deletionTimestamp: CREATED },
});

/** What a Server that is `small` and to be `large` is told, and which Flavors got a guard. */
async function required(...there: readonly Flavor[]) {
  const guarded: string[] = [];
  const cache = { get: (_: unknown, { name }: { name: string }) => there.find((one) => one.metadata.name === name) };
  const kube = {
    mergePatch: async (_: unknown, { name }: { name: string }) => {
      guarded.push(name);
      return there.find((one) => one.metadata.name === name);
    },
  };
  const resized = aServer({ flavorRef: { name: "large" } }, { flavor: "small" });
  const found = await requireDependency(
    kube as unknown as KubeClient,
    cache as unknown as CacheReader,
    flavorOfServer,
    resized,
  );
  return { found: found.ready ? found.objects.map(({ metadata }) => metadata.name) : found.outcome, guarded };
}

describe("a Server that is resized", () => {
  test("is held by both Flavors, and waits for none but the one that it is to have", async () => {
    expect(await required(aFlavor("large"), aFlavor("small"))).toEqual({
      found: ["large"],
      guarded: ["large", "small"],
    });
  });

  test("leaves a Flavor that is being deleted, or is gone", async () => {
    const left = { found: ["large"], guarded: ["large"] };
    expect(await required(aFlavor("large"), going("small"))).toEqual(left);
    expect(await required(aFlavor("large"))).toEqual(left);
  });

  test("goes to none that is being deleted", async () => {
    const { found, guarded } = await required(going("large"), aFlavor("small"));
    expect(found).toMatchObject({ for: expect.stringContaining("Flavor large, which is being deleted") });
    expect(guarded).toEqual([]);
  });
});
