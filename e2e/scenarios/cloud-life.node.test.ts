import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { systemNamespace } from "#e2e/cluster/nephele-objects.ts";
import { unique } from "#e2e/harness/bed.ts";
import { untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { openstack } from "#e2e/node/openstack.ts";
import { clouds, projects, secrets } from "#operator/api/resources.ts";
import { configMaps } from "#operator/cloud/resources.ts";
import {
  administratorsView,
  at,
  type CloudBed,
  dbPassword,
  MINUTES,
  OPERATOR,
  openCloudBed,
  partOf,
  team,
} from "./cloud-bed.ts";
import { madeFor } from "./cloud-made.ts";
import { askWhile, openTenantRequests } from "./tenant-requests.ts";

/** What befalls a Cloud on a real node: pods that go, an operator that is killed or not there. */
let bed: CloudBed;
beforeAll(async () => {
  bed = await openCloudBed(inject("nodeStateDir"));
}, 10 * MINUTES);
afterAll(async () => {
  await bed?.close();
});

const KEYSTONE = partOf("default", "keystone");

describe("a Cloud's life on a node", () => {
  test(
    "a pod of Keystone that goes is replaced, and requests go on; with both gone they do not",
    async () => {
      const id = (await bed.reference()).split("/").at(-1) ?? "";
      const tenant = await openTenantRequests(bed.node, "default", team);
      const untilReplaced = (gone: readonly string[]) =>
        eventually(
          "two pods of Keystone, others than before",
          async () => {
            const now = await bed.readyOf(KEYSTONE);
            return now.length === 2 && now.every((name) => !gone.includes(name));
          },
          { withinMs: 2 * MINUTES },
        );
      try {
        expect(await tenant.ask(id)).toBe(await bed.synced());
        const [first = ""] = await bed.namesOf(KEYSTONE);
        const one = await askWhile(
          () => tenant.ask(id),
          async () => {
            await bed.node.run("delete", "pod", first, "-n", systemNamespace, "--wait=false");
            await untilReplaced([first]);
          },
        );
        expect(one.errors).toEqual([]);
        expect(one.answered).toBeGreaterThan(20);
        const all = await bed.namesOf(KEYSTONE);
        const both = await askWhile(
          () => tenant.ask(id),
          async () => {
            await bed.kill(KEYSTONE);
            await untilReplaced(all);
          },
        );
        expect(both.errors.length).toBeGreaterThan(0);
      } finally {
        tenant.close();
      }
    },
    5 * MINUTES,
  );

  test(
    "uninstalled and installed again: the services go on meanwhile, and tenants and secrets are the same",
    async () => {
      const look = async () => ({
        cloud: (await bed.cloud()).metadata.uid,
        keystone: (await bed.kube.get(projects, { name: team }))?.status?.id,
        href: await bed.reference(),
        payload: await bed.synced(),
        pods: await bed.namesOf("nephele.dev/cloud=default"),
      });
      const before = await look();
      try {
        await bed.release.uninstall();
        await eventually("the operator to be gone", async () => (await bed.namesOf(OPERATOR)).length === 0);
        // PostgreSQL's own account must not go: it would lose its place within twenty seconds.
        const uninstalledAt = Date.now();
        await eventually(
          "the primary to renew its place for longer than that lasts",
          async () => {
            const leader = await bed.kube.get(configMaps, at("default-postgresql-leader"));
            return Date.parse(leader?.metadata.annotations?.["renewTime"] ?? "") > uninstalledAt + 25_000;
          },
          { withinMs: MINUTES },
        );
        const store = ["secret", "store", "-n", "meanwhile", "-p", "x", "-f", "value", "-c", "Secret href"];
        const stored = await openstack(bed.node, team, ...store);
        expect(stored).toEqual({ ok: true, text: expect.stringMatching(/^http/) as string });
        await openstack(bed.node, team, "secret", "delete", stored.text.trim());
      } finally {
        await bed.release.upgrade();
      }
      await untilReady(bed.kube, secrets, dbPassword);
      expect(await look()).toEqual(before);
      const read = await openstack(
        bed.node,
        team,
        "secret",
        "get",
        "--payload",
        before.href,
        "-f",
        "value",
        "-c",
        "Payload",
      );
      expect(read).toEqual({ ok: true, text: `${before.payload}\n` });
    },
    5 * MINUTES,
  );

  test(
    "an operator that is killed while it deploys comes to the same end, and nothing is there twice",
    async () => {
      const name = unique("cloud").slice(2);
      await bed.kube.create(clouds, {
        apiVersion: "nephele.dev/v1alpha1",
        kind: "Cloud",
        metadata: at(name),
        spec: { release: "2026.2", identity: {}, keyManager: {}, protected: false, onDelete: "Delete" },
      });
      const kills: number[] = [];
      while (!(await bed.isReady(name))) {
        if (kills.length < 4) {
          const afterMs = Math.round(Math.random() * 8_000);
          kills.push(afterMs);
          await new Promise((resolve) => setTimeout(resolve, afterMs));
          await bed.kill(OPERATOR);
        } else {
          await untilReady(bed.kube, clouds, at(name), 3 * MINUTES);
        }
      }
      process.stderr.write(`killed after ${kills.map((ms) => `${ms / 1000} s`).join(", then ")}\n`);
      expect(kills).toHaveLength(4);
      // As the Cloud that came to be undisturbed.
      expect(await madeFor(bed.kube, name)).toEqual(await madeFor(bed.kube, "default"));
      const [here, there] = [await administratorsView(bed, name), await administratorsView(bed, "default")];
      expect(here.services).toEqual(there.services);
      expect(here.users).toEqual(["admin", "barbican", "nephele"]);
      await bed.kube.delete(clouds, at(name));
      await untilGone(bed.kube, clouds, at(name), 2 * MINUTES);
      await eventually("nothing of it to be left", async () => (await madeFor(bed.kube, name)).length === 0, {
        withinMs: 2 * MINUTES,
      });
    },
    8 * MINUTES,
  );
});
