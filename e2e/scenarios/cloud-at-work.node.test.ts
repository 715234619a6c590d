import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { systemNamespace } from "#e2e/cluster/nephele-objects.ts";
import { unique } from "#e2e/harness/bed.ts";
import { untilCondition } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { coreSecrets } from "#operator/api/foreign.ts";
import { clouds } from "#operator/api/resources.ts";
import { timeText } from "#runtime/api/time.ts";
import { at, type CloudBed, MINUTES, openCloudBed, partOf, primaryOf } from "./cloud-bed.ts";
import { type OwnCloud, openOwnCloud } from "./own-cloud.ts";
import { askWhile, type TenantRequests, writeWhile } from "./tenant-requests.ts";
import { nobodyIsCutOff, untilAllRead } from "./token-keys.ts";

/** A Cloud with three members of PostgreSQL and with Fernet tokens, whose tenant goes on while things happen to it. */
const name = unique("cloud").slice(2);
const MEMBERS = partOf(name, "postgresql");
const primary = () => primaryOf(bed, name);
const PRIMARY = `${MEMBERS},nephele.dev/database-role=primary`;

let bed: CloudBed;
let own: OwnCloud;
let tenant: TenantRequests;
beforeAll(async () => {
  bed = await openCloudBed(inject("nodeStateDir"));
  own = await openOwnCloud(bed, name, {
    release: "2026.2",
    identity: { tokens: { format: "fernet", lifetime: "1h" } },
    instances: 3,
  });
  ({ tenant } = own);
}, 15 * MINUTES);
afterAll(async () => {
  await own?.close();
  await bed?.close();
}, 9 * MINUTES);

describe("PostgreSQL's primary", () => {
  test.each([
    {
      what: "is killed: it is back, or another takes over",
      go: () => bed.kill(PRIMARY),
      byAnother: false,
    },
    {
      what: "is told to go: another takes over",
      go: async () => {
        await bed.node.run("delete", "pod", "-n", systemNamespace, "-l", PRIMARY, "--wait=false");
      },
      byAnother: true,
    },
  ])(
    "$what, and nothing that was acknowledged is lost",
    async ({ go, byAnother }) => {
      await untilWhole();
      const was = await eventually("a primary", primary);
      const { acknowledged, longestPauseMs, errors } = await writeWhile(tenant, async () => {
        await go();
        await eventually(
          "a primary after it",
          async () => {
            const is = await primary();
            return is !== undefined && is.uid !== was.uid && !(byAnother && is.name === was.name);
          },
          { withinMs: MINUTES },
        );
      });
      const pause = (longestPauseMs / 1000).toFixed(1);
      process.stderr.write(
        `${acknowledged.size} writes acknowledged, ${errors.length} not, longest pause ${pause} s\n`,
      );
      for (const [id, payload] of acknowledged) expect(await tenant.ask(id)).toBe(payload);
      // An alarm at three times the goal.
      expect(longestPauseMs).toBeLessThan(30_000);
      // The control: an outage that nobody saw would prove nothing.
      expect(errors.length > 0 || longestPauseMs > 1_000).toBe(true);
    },
    6 * MINUTES,
  );

  test(
    "is frozen, its kernel not: it is said, another takes over, clients give the connections up, and nothing acknowledged is lost",
    async () => {
      await untilWhole();
      const was = await eventually("a primary", primary);
      // All that its container runs, but the first process, which only waits for the others.
      const signal = (which: "STOP" | "CONT"): Promise<string> =>
        bed.node.run("exec", was.name, "-n", systemNamespace, "--", "sh", "-c", `kill -${which} -1`);
      const began = performance.now();
      const times: Record<string, string> = {};
      const note = (what: string): void => {
        times[what] = `${((performance.now() - began) / 1000).toFixed(1)} s`;
      };
      const { acknowledged, longestPauseMs, errors } = await writeWhile(tenant, async () => {
        await signal("STOP");
        note("frozen");
        await untilCondition(bed.kube, clouds, at(name), {
          type: "DatabaseReady",
          status: "False",
          message: new RegExp(`${was.name} is the primary and does not answer; another takes its place`),
        });
        note("said");
        await eventually(
          "another primary",
          async () => {
            const is = await primary();
            return is !== undefined && is.name !== was.name;
          },
          { withinMs: MINUTES },
        );
        note("another primary");
      });
      note("five more writes");
      await signal("CONT");
      const pause = (longestPauseMs / 1000).toFixed(1);
      process.stderr.write(
        `frozen: ${JSON.stringify(times)}; ${acknowledged.size} writes acknowledged, ${errors.length} not (${[...new Set(errors)].join("; ")}), longest pause ${pause} s\n`,
      );
      for (const [id, payload] of acknowledged) expect(await tenant.ask(id)).toBe(payload);
      // The control: while it was frozen nobody wrote.
      expect(longestPauseMs).toBeGreaterThan(5_000);
      await untilWhole();
      expect((await primary())?.name).not.toBe(was.name);
      await untilCondition(bed.kube, clouds, at(name), { type: "DatabaseReady", status: "True" });
    },
    6 * MINUTES,
  );

  const untilWhole = (): Promise<true> =>
    eventually("three members", async () => (await bed.readyOf(MEMBERS)).length === 3, { withinMs: 2 * MINUTES });
});

describe("Fernet keys, rotated on request", () => {
  const keysHeld = async (): Promise<readonly string[]> =>
    Object.keys((await bed.kube.get(coreSecrets, at(`${name}-fernet`)))?.data ?? {}).sort();
  test(
    "nobody is cut off: tokens of before and of after are good in every replica; without the kept key, the older are not",
    async () => {
      const id = await tenant.store("rotated");
      expect(await keysHeld()).toEqual(["0", "1"]);
      const rotating = await askWhile(
        () => tenant.ask(id),
        async () => {
          const keys = { rotateEvery: "24h", rotationRequestedAt: timeText(new Date()) };
          await bed.kube.mergePatch(clouds, at(name), { spec: { identity: { keys } } });
          await untilAllRead(bed, name, "fernet", ["0", "1", "2"]);
        },
      );
      expect(rotating.errors).toEqual([]);
      expect(await keysHeld()).toEqual(["0", "1", "2"]);
      await nobodyIsCutOff(bed, name, own, { secret: "fernet", folder: "fernet", former: "1", others: ["0", "2"] });
    },
    14 * MINUTES,
  );
});
