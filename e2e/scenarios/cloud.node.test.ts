import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { unique } from "#e2e/harness/bed.ts";
import { untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { openstack } from "#e2e/node/openstack.ts";
import { projects } from "#operator/api/resources.ts";
import { deployments } from "#operator/cloud/resources.ts";
import { isTrue } from "#runtime/api/conditions.ts";
import { at, type CloudBed, MINUTES, openCloudBed, partOf, team } from "./cloud-bed.ts";

/** A Cloud on a real node, as the chart's users have it. */
let bed: CloudBed;
beforeAll(async () => {
  bed = await openCloudBed(inject("nodeStateDir"));
}, 10 * MINUTES);
afterAll(async () => {
  await bed?.close();
});

/** Does something to each process of PostgreSQL on the node: what has its name and is of no other program. */
const signalPostgresql = (signal: "STOP" | "CONT"): Promise<string> =>
  bed.node.inside(
    "/bin/sh",
    "-c",
    `for p in /proc/[0-9]*; do read -r name < $p/comm && [ "$name" = postgres ] && kill -${signal} "\${p#/proc/}"; done; true`,
  );

describe("cloud on a node", () => {
  test("is Ready, and its services are pods that the operator made", async () => {
    const { status, metadata } = await bed.cloud();
    expect(isTrue(status?.conditions, "Ready")).toBe(true);
    expect(status?.release).toEqual({ deployed: "2026.2", target: "2026.2", phase: "Settled" });
    for (const [part, count] of Object.entries({ keystone: 2, barbican: 2, postgresql: 1, memcached: 1 }))
      expect([part, (await bed.readyOf(partOf("default", part))).length]).toEqual([part, count]);
    const keystone = await bed.kube.get(deployments, at("default-keystone-2026-2"));
    expect(keystone?.metadata.ownerReferences).toMatchObject([{ kind: "Cloud", uid: metadata.uid }]);
  });

  test(
    "gives a tenant what the stock client reads, and no other tenant",
    async () => {
      const href = await bed.reference();
      const read = await openstack(bed.node, team, "secret", "get", "--payload", href, "-f", "value", "-c", "Payload");
      expect(read).toEqual({ ok: true, text: `${await bed.synced()}\n` });
      const other = unique("team");
      await bed.kube.create(projects, {
        apiVersion: "nephele.dev/v1alpha1",
        kind: "Project",
        metadata: { name: other },
        spec: { domain: "Default", protected: false, onDelete: "Delete" },
      });
      await untilReady(bed.kube, projects, { name: other });
      const refused = await openstack(bed.node, other, "secret", "get", "--payload", href);
      expect(refused).toEqual({ ok: false, text: expect.stringMatching(/Forbidden|403|404|Not Found/) as string });
      await bed.kube.delete(projects, { name: other });
      await untilGone(bed.kube, projects, { name: other }, MINUTES);
    },
    3 * MINUTES,
  );

  test(
    "an upgrade without a change asks for a check of its own, and replaces no pod",
    async () => {
      const before = {
        pods: await bed.namesOf("nephele.dev/cloud=default"),
        checked: (await bed.cloud()).spec.checkRequest,
      };
      await bed.release.upgrade("60s");
      const after = await bed.cloud();
      expect(after.spec.checkRequest).not.toBe(before.checked);
      expect(after.status?.observedGeneration).toBe(after.metadata.generation);
      expect(await bed.namesOf("nephele.dev/cloud=default")).toEqual(before.pods);
    },
    2 * MINUTES,
  );

  test(
    "an upgrade right after the database hung does not return success, and does when it is back",
    async () => {
      await signalPostgresql("STOP");
      try {
        // The control: what was there to be read would have been success.
        expect(await bed.isReady("default")).toBe(true);
        await expect(bed.release.upgrade("30s")).rejects.toThrow(/default/);
        expect(await bed.isReady("default")).toBe(false);
        expect((await bed.cloud()).status?.conditions).toContainEqual(
          expect.objectContaining({ type: "DatabaseReady", status: "False" }),
        );
      } finally {
        await signalPostgresql("CONT");
      }
      await bed.release.upgrade("90s");
      expect(await bed.isReady("default")).toBe(true);
    },
    4 * MINUTES,
  );
});
