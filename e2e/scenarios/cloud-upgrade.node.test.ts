import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { unique } from "#e2e/harness/bed.ts";
import { untilCondition, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { services } from "#operator/api/foreign.ts";
import type { Cloud } from "#operator/api/generated/cloud.ts";
import { clouds } from "#operator/api/resources.ts";
import { deployments } from "#operator/cloud/resources.ts";
import { images } from "../../images/build.ts";
import { at, type CloudBed, MINUTES, openCloudBed, partOf } from "./cloud-bed.ts";
import { type OwnCloud, openOwnCloud } from "./own-cloud.ts";
import { askWhile, type Tally, type TenantRequests } from "./tenant-requests.ts";

/** A Cloud of an older release that is brought to the newest, while its tenant goes on. */
const OLDER = ["2025.1", "2026.1"].flatMap((release) => [`keystone:${release}`, `barbican:${release}`]);
const name = unique("cloud").slice(2);

let bed: CloudBed;
let own: OwnCloud;
let tenant: TenantRequests;
/** A secret of the oldest release. */
let kept: string;
beforeAll(async () => {
  bed = await openCloudBed(inject("nodeStateDir"));
  await bed.node.importImages(await images(OLDER, (line) => process.stderr.write(`${line}\n`)));
  own = await openOwnCloud(bed, name, { release: "2025.1", contract: "Manual", instances: 1 });
  ({ tenant } = own);
  kept = await tenant.store("older than all of this");
}, 15 * MINUTES);
afterAll(async () => {
  await own?.close();
  await bed?.close();
}, 9 * MINUTES);

const change = (spec: Readonly<Record<string, unknown>>): Promise<unknown> =>
  bed.kube.mergePatch(clouds, at(name), { spec });

/** The tenant reads the oldest secret, and writes and reads one, again and again. */
async function work(): Promise<void> {
  expect(await tenant.ask(kept)).toBe("older than all of this");
  const payload = unique("payload");
  expect(await tenant.ask(await tenant.store(payload))).toBe(payload);
}

/** Sets the release and waits until it is there, with requests going on. Gives the phases that were seen, each once. */
async function bringTo(
  spec: Readonly<Record<string, unknown>>,
  end: NonNullable<Cloud["status"]>["release"],
): Promise<Tally & { readonly phases: readonly string[] }> {
  const phases: string[] = [];
  const tally = await askWhile(work, async () => {
    await change(spec);
    await eventually(
      `release ${JSON.stringify(end)}`,
      async () => {
        const { status, metadata } = (await bed.kube.get(clouds, at(name))) as Cloud;
        const { release } = status ?? {};
        if (release?.phase !== undefined && phases.at(-1) !== release.phase) phases.push(release.phase);
        if (status?.observedGeneration !== metadata.generation || !(await bed.isReady(name))) return false;
        return JSON.stringify(release) === JSON.stringify(end);
      },
      { withinMs: 5 * MINUTES, seen: () => phases },
    );
  });
  process.stderr.write(
    `${JSON.stringify(spec)}: ${tally.answered} rounds of requests, ${tally.errors.length} errors, ${phases.join(", ")}\n`,
  );
  return { ...tally, phases };
}

/** The releases of the pods that there are of both services. */
async function releasesOf(): Promise<readonly string[]> {
  const found = await Promise.all(["keystone", "barbican"].map((part) => bed.podsOf(partOf(name, part))));
  return [...new Set(found.flat().map(({ metadata }) => metadata.labels?.["nephele.dev/release"] ?? "none"))];
}

describe("cloud, upgraded", () => {
  test(
    "a release that another must precede is refused, and what serves goes on",
    async () => {
      await change({ release: "2026.2" });
      await untilCondition(bed.kube, clouds, at(name), {
        type: "Stalled",
        status: "True",
        message: /no upgrade from 2025.1 to 2026.2: set it back to 2025.1, or to 2026.1 first/,
      });
      await work();
      await change({ release: "2025.1" });
      await untilReady(bed.kube, clouds, at(name), MINUTES);
    },
    3 * MINUTES,
  );

  test(
    "the next serves when it has answered, and no request is lost; told to, it waits before it contracts",
    async () => {
      const end = { deployed: "2026.1", phase: "Soaking", rollbackTo: "2025.1", target: "2026.1" } as const;
      const { errors, answered, phases } = await bringTo({ release: "2026.1" }, end);
      expect(errors).toEqual([]);
      expect(answered).toBeGreaterThan(20);
      expect(phases).toEqual(expect.arrayContaining(["Expanding", "Rolling", "Soaking"]));
      expect(await releasesOf()).toEqual(["2026.1"]);
    },
    8 * MINUTES,
  );

  test(
    "until then one field brings the former back, and no request is lost",
    async () => {
      const end = { deployed: "2025.1", phase: "Settled", target: "2025.1" } as const;
      const { errors, phases } = await bringTo({ release: "2025.1" }, end);
      expect(errors).toEqual([]);
      expect(phases).toContain("RollingBack");
      expect(await releasesOf()).toEqual(["2025.1"]);
    },
    8 * MINUTES,
  );

  test(
    "contracted, it goes on to the newest, and no request is lost",
    async () => {
      for (const release of ["2026.1", "2026.2"]) {
        const end = { deployed: release, phase: "Settled", target: release } as const;
        const { errors, phases } = await bringTo({ release, contract: "Automatic" }, end);
        expect(errors).toEqual([]);
        expect(phases).toContain("Contracting");
        expect(await releasesOf()).toEqual([release]);
      }
    },
    14 * MINUTES,
  );

  test(
    "from there on there is no way back",
    async () => {
      await change({ release: "2026.1" });
      await untilCondition(bed.kube, clouds, at(name), {
        type: "Stalled",
        status: "True",
        message: /the databases are 2026.2's and 2026.1 cannot read them any more/,
      });
      await work();
      await change({ release: "2026.2" });
      await untilReady(bed.kube, clouds, at(name), MINUTES);
      expect(await bed.kube.get(deployments, at(`${name}-keystone-2026-1`))).toBeUndefined();
    },
    3 * MINUTES,
  );

  test(
    "the control: a switch to pods that are not there yet is seen by the tenant",
    async () => {
      // Paused, so that the operator does not mend it meanwhile.
      const pause = (paused: string | null): Promise<unknown> =>
        bed.kube.mergePatch(clouds, at(name), { metadata: { annotations: { "nephele.dev/paused": paused } } });
      const lead = (release: string): Promise<unknown> =>
        bed.kube.mergePatch(services, at(`${name}-keystone`), {
          spec: { selector: { "nephele.dev/release": release } },
        });
      await pause("true");
      const seen: string[] = [];
      const ask = (): Promise<void> =>
        work().catch((error: unknown) => {
          seen.push(String(error));
          throw error;
        });
      const { errors } = await askWhile(ask, async () => {
        await lead("2026.1");
        await eventually("a request that is lost", async () => seen.length > 0, { withinMs: MINUTES });
        await pause(null);
        await eventually(
          "the operator to lead it back",
          async () =>
            (await bed.kube.get(services, at(`${name}-keystone`)))?.spec?.selector?.["nephele.dev/release"] ===
            "2026.2",
          { withinMs: MINUTES },
        );
      });
      expect(errors.length).toBeGreaterThan(0);
      await untilReady(bed.kube, clouds, at(name), 2 * MINUTES);
      await work();
    },
    5 * MINUTES,
  );
});
