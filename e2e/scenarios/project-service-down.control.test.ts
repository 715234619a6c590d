import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Fault } from "#e2e/faults/proxy.ts";
import { type Bed, openBed, unique } from "#e2e/harness/bed.ts";
import { untilCondition, untilReady } from "#e2e/harness/conditions.ts";
import { openProxiedCloud, type ProxiedCloud } from "#e2e/harness/proxied-cloud.ts";
import { namespaces } from "#operator/api/foreign.ts";
import { projects } from "#operator/api/resources.ts";
import { isTrue } from "#runtime/api/conditions.ts";
import { openProjectBed, type ProjectBed } from "./project-bed.ts";

let outer: Bed;
let cloud: ProxiedCloud;
let bed: ProjectBed;
let stays: string;

beforeAll(async () => {
  outer = await openBed();
  [cloud, bed] = await Promise.all([openProxiedCloud(outer), openProjectBed()]);
  stays = unique("project");
  await bed.ready(stays, { cloudRef: cloud.ref });
});
afterAll(async () => {
  await bed?.close();
  await cloud?.close();
  await outer?.close();
}, 180_000);

const answer = (status: number, body: string, contentType: string): Fault => ({
  kind: "answer",
  status,
  body,
  contentType,
});
const FAULTS: readonly (readonly [string, Fault])[] = [
  ["is away", { kind: "down" }],
  ["answers 500", answer(500, "{}", "application/json")],
  ["talks nonsense", answer(200, "<html>", "text/html")],
];
const transient = { type: "Ready", status: "False", reason: "TransientError" } as const;
/** Backs off for up to half a minute. */
const WITHIN_MS = 90_000;

describe("project", () => {
  test.each(FAULTS)(
    "service down: a Keystone that %s is waited out, and nothing is made twice",
    async (_says, fault) => {
      const name = unique("project");
      cloud.keystone.fault = fault;
      try {
        await bed.apply(name, { cloudRef: cloud.ref });
        await untilCondition(bed.kube, projects, { name }, transient);
        // What needs no Keystone is there.
        expect(await bed.kube.get(namespaces, { name })).toBeDefined();
        await bed.compare(stays);
        const seen = { type: "Reconciling", status: "True", reason: "TransientError" };
        const kept = await untilCondition(bed.kube, projects, { name: stays }, seen);
        expect(isTrue(kept.status?.conditions, "Ready")).toBe(true);
        expect(isTrue(kept.status?.conditions, "IdentityReady")).toBe(true);
      } finally {
        cloud.keystone.fault = undefined;
      }
      await untilReady(bed.kube, projects, { name }, WITHIN_MS);
      expect(await bed.cloud.keystone().projects.listByTag(`nephele:local:${name}`)).toHaveLength(1);
      const robots = await bed.cloud.keystone().users.listByPrefix(bed.domain.id, `nephele-local-${name}-`);
      expect(robots).toHaveLength(1);
    },
    150_000,
  );

  test("service down: a quota that Barbican cannot be told is told when it is back", async () => {
    const name = unique("project");
    cloud.barbican.fault = { kind: "down" };
    let id = "";
    try {
      await bed.apply(name, { cloudRef: cloud.ref, quota: { secrets: 3 } });
      const unknown = { type: "SecretQuotaReady", status: "Unknown", reason: "TransientError" };
      id = (await untilCondition(bed.kube, projects, { name }, unknown)).status?.id ?? "";
      expect(id).not.toBe("");
      expect(await bed.cloud.quotas().get(id)).toBeUndefined();
    } finally {
      cloud.barbican.fault = undefined;
    }
    await untilReady(bed.kube, projects, { name }, WITHIN_MS);
    expect(await bed.cloud.quotas().get(id)).toMatchObject({ secrets: 3 });
  }, 150_000);
});
