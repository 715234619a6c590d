import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { checkout } from "#e2e/cluster/location.ts";
import { systemNamespace } from "#e2e/cluster/nephele-objects.ts";
import { type Bed, openBed, unique } from "#e2e/harness/bed.ts";
import { untilCondition, untilGone } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { type NodeHandle, openNode } from "#e2e/node/handle.ts";
import { installNephele, type Release } from "#e2e/node/nephele.ts";
import { openstack, openstackAs } from "#e2e/node/openstack.ts";
import { coreSecrets, persistentVolumeClaims, pods } from "#operator/api/foreign.ts";
import type { Cloud } from "#operator/api/generated/cloud.ts";
import { clouds, projects, secrets } from "#operator/api/resources.ts";
import { configMaps, deployments } from "#operator/cloud/resources.ts";
import { isTrue } from "#runtime/api/conditions.ts";
import { madeFor } from "./cloud-made.ts";
import { askWhile, openTenantRequests } from "./tenant-requests.ts";

/** A Cloud on a real node, as the chart's users have it. */
const at = (name: string) => ({ namespace: systemNamespace, name });
const MINUTES = 60_000;
const team = "team-a";
const dbPassword = { namespace: team, name: "db-password" };

let bed: Bed;
let node: NodeHandle;
let release: Release;
beforeAll(async () => {
  const stateDir = inject("nodeStateDir");
  release = await installNephele(stateDir, (line) => process.stderr.write(`${line}\n`));
  bed = await openBed(stateDir);
  node = await openNode(stateDir);
  for (const file of ["00-namespace.yaml", "10-project.yaml", "40-secret.yaml"])
    await node.run("apply", "--server-side", "--force-conflicts", "-f", join(checkout, "examples", file));
  await untilCondition(bed.kube, projects, { name: team }, { type: "Ready", status: "True" });
  await untilCondition(bed.kube, secrets, dbPassword, { type: "Ready", status: "True" });
}, 10 * MINUTES);
afterAll(async () => {
  await bed?.close();
});

const cloud = async (): Promise<Cloud> => (await bed.kube.get(clouds, at("default"))) as Cloud;
const isReady = async (): Promise<boolean> => isTrue((await cloud()).status?.conditions, "Ready");
const podsOf = (labels: string) => bed.kube.list(pods, { namespace: systemNamespace, labelSelector: labels });
const namesOf = async (labels: string): Promise<readonly string[]> =>
  (await podsOf(labels)).map(({ metadata }) => metadata.name).sort();
const OPERATOR = "app.kubernetes.io/component=operator";
const KEYSTONE = "nephele.dev/cloud=default,app.kubernetes.io/name=keystone";

/** What the core Secret holds that is kept in step with the example's Secret. */
async function synced(): Promise<string> {
  const { data = {} } = (await bed.kube.get(coreSecrets, dbPassword)) ?? {};
  return Buffer.from(data["password"] ?? "", "base64").toString();
}

/** Where the tenant's own client finds that Secret in Barbican. */
async function reference(): Promise<string> {
  const { ok, text } = await openstack(node, team, "secret", "list", "-f", "value", "-c", "Secret href");
  expect({ ok, text }).toEqual({ ok: true, text: expect.stringMatching(/^\S+\n$/) as string });
  return text.trim();
}

/** Does something to each process of PostgreSQL on the node: what has its name and is of no other program. */
const signalPostgresql = (signal: "STOP" | "CONT"): Promise<string> =>
  node.inside(
    "/bin/sh",
    "-c",
    `for p in /proc/[0-9]*; do read -r name < $p/comm && [ "$name" = postgres ] && kill -${signal} "\${p#/proc/}"; done; true`,
  );

/** Ends pods at once, without a word to what runs in them. */
async function kill(labels: string): Promise<void> {
  await node.run("delete", "pods", "-n", systemNamespace, "-l", labels, "--force", "--grace-period=0", "--wait=false");
}

describe("cloud on a node", () => {
  test("is Ready, and its services are pods that the operator made", async () => {
    const { status, metadata } = await cloud();
    expect(isTrue(status?.conditions, "Ready")).toBe(true);
    expect(status?.release).toEqual({ deployed: "2026.2", target: "2026.2", phase: "Settled" });
    for (const [name, count] of Object.entries({ keystone: 2, barbican: 2, postgresql: 1, memcached: 1 })) {
      const found = await podsOf(`nephele.dev/cloud=default,app.kubernetes.io/name=${name}`);
      const ready = found.filter((pod) => isTrue(pod.status?.conditions as never, "Ready"));
      expect([name, ready.length]).toEqual([name, count]);
    }
    const keystone = await bed.kube.get(deployments, at("default-keystone"));
    expect(keystone?.metadata.ownerReferences).toMatchObject([{ kind: "Cloud", uid: metadata.uid }]);
  });

  test(
    "gives a tenant what the stock client reads, and no other tenant",
    async () => {
      const href = await reference();
      const read = await openstack(node, team, "secret", "get", "--payload", href, "-f", "value", "-c", "Payload");
      expect(read).toEqual({ ok: true, text: `${await synced()}\n` });
      const other = unique("team");
      await bed.kube.create(projects, {
        apiVersion: "nephele.dev/v1alpha1",
        kind: "Project",
        metadata: { name: other },
        spec: { domain: "Default", protected: false, onDelete: "Delete" },
      });
      await untilCondition(bed.kube, projects, { name: other }, { type: "Ready", status: "True" });
      const refused = await openstack(node, other, "secret", "get", "--payload", href);
      expect(refused).toEqual({ ok: false, text: expect.stringMatching(/Forbidden|403|404|Not Found/) as string });
      await bed.kube.delete(projects, { name: other });
      await untilGone(bed.kube, projects, { name: other }, MINUTES);
    },
    3 * MINUTES,
  );

  test(
    "an upgrade without a change asks for a check of its own, and replaces no pod",
    async () => {
      const before = { pods: await namesOf("nephele.dev/cloud=default"), checked: (await cloud()).spec.checkRequest };
      await release.upgrade("60s");
      const after = await cloud();
      expect(after.spec.checkRequest).not.toBe(before.checked);
      expect(after.status?.observedGeneration).toBe(after.metadata.generation);
      expect(await namesOf("nephele.dev/cloud=default")).toEqual(before.pods);
    },
    2 * MINUTES,
  );

  test(
    "an upgrade right after the database hung does not return success, and does when it is back",
    async () => {
      await signalPostgresql("STOP");
      try {
        // The control: what was there to be read would have been success.
        expect(await isReady()).toBe(true);
        await expect(release.upgrade("30s")).rejects.toThrow(/default/);
        expect(await isReady()).toBe(false);
        expect((await cloud()).status?.conditions).toContainEqual(
          expect.objectContaining({ type: "DatabaseReady", status: "False" }),
        );
      } finally {
        await signalPostgresql("CONT");
      }
      await release.upgrade("90s");
      expect(await isReady()).toBe(true);
    },
    4 * MINUTES,
  );

  test(
    "a pod of Keystone that goes is replaced, and requests go on; with both gone they do not",
    async () => {
      const id = (await reference()).split("/").at(-1) ?? "";
      const tenant = await openTenantRequests(node, "default", team);
      const untilWhole = (gone: readonly string[]) =>
        eventually(
          "two other pods of Keystone",
          async () => {
            const now = await podsOf(KEYSTONE);
            const fresh = now.every(({ metadata }) => !gone.includes(metadata.name));
            return fresh && now.filter((pod) => isTrue(pod.status?.conditions as never, "Ready")).length === 2;
          },
          { withinMs: 2 * MINUTES },
        );
      try {
        expect(await tenant.ask(id)).toBe(await synced());
        const [first = ""] = await namesOf(KEYSTONE);
        const one = await askWhile(
          () => tenant.ask(id),
          async () => {
            await node.run("delete", "pod", first, "-n", systemNamespace, "--wait=false");
            await untilWhole([first]);
          },
        );
        expect(one.errors).toEqual([]);
        expect(one.answered).toBeGreaterThan(20);
        const all = await namesOf(KEYSTONE);
        const both = await askWhile(
          () => tenant.ask(id),
          async () => {
            await kill(KEYSTONE);
            await untilWhole(all);
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
        cloud: (await cloud()).metadata.uid,
        keystone: (await bed.kube.get(projects, { name: team }))?.status?.id,
        href: await reference(),
        payload: await synced(),
        pods: await namesOf("nephele.dev/cloud=default"),
      });
      const before = await look();
      try {
        await release.uninstall();
        await eventually("the operator to be gone", async () => (await namesOf(OPERATOR)).length === 0);
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
        const stored = await openstack(node, team, ...store);
        expect(stored).toEqual({ ok: true, text: expect.stringMatching(/^http/) as string });
        await openstack(node, team, "secret", "delete", stored.text.trim());
      } finally {
        await release.upgrade();
      }
      await untilCondition(bed.kube, secrets, dbPassword, { type: "Ready", status: "True" });
      expect(await look()).toEqual(before);
      const read = await openstack(
        node,
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
      while (!isTrue((await bed.kube.get(clouds, at(name)))?.status?.conditions, "Ready")) {
        if (kills.length < 4) {
          const afterMs = Math.round(Math.random() * 8_000);
          kills.push(afterMs);
          await new Promise((resolve) => setTimeout(resolve, afterMs));
          await kill(OPERATOR);
        } else {
          await untilCondition(bed.kube, clouds, at(name), { type: "Ready", status: "True" }, 3 * MINUTES);
        }
      }
      process.stderr.write(`killed after ${kills.map((ms) => `${ms / 1000} s`).join(", then ")}\n`);
      expect(kills).toHaveLength(4);
      // The Cloud of the chart was not disturbed.
      expect(await madeFor(bed.kube, name)).toEqual(await madeFor(bed.kube, "default"));
      const [here, there] = [await administratorsView(name), await administratorsView("default")];
      expect(here.services).toEqual(there.services);
      expect(here.users).toEqual(["admin", "barbican", "nephele"]);
      await bed.kube.delete(clouds, at(name));
      await untilGone(bed.kube, clouds, at(name), 2 * MINUTES);
      await eventually(
        "its volume to go",
        async () => {
          const claims = await bed.kube.list(persistentVolumeClaims, { namespace: systemNamespace });
          return claims.every(({ metadata }) => !metadata.name.includes(name));
        },
        { withinMs: 2 * MINUTES },
      );
      expect(
        (await madeFor(bed.kube, name)).filter((line) => !/^(Job|NetworkPolicy|Service|ConfigMap) /.test(line)),
      ).toEqual([]);
    },
    8 * MINUTES,
  );
});

/** What the administrator of a Cloud's Keystone sees: services with their endpoints, users of the domain Default. */
async function administratorsView(
  name: string,
): Promise<{ readonly services: readonly string[]; readonly users: readonly string[] }> {
  const { data = {} } = (await bed.kube.get(coreSecrets, at(`${name}-administrator`))) ?? {};
  const value = (key: string): string => Buffer.from(data[key] ?? "", "base64").toString();
  const env = {
    OS_AUTH_URL: `http://${name}-keystone.${systemNamespace}.svc:5000/v3`,
    OS_USERNAME: value("username"),
    OS_PASSWORD: value("password"),
    OS_PROJECT_NAME: "admin",
    OS_USER_DOMAIN_NAME: "Default",
    OS_PROJECT_DOMAIN_NAME: "Default",
    OS_IDENTITY_API_VERSION: "3",
  };
  const list = async (...args: readonly string[]): Promise<readonly string[]> => {
    const { ok, text } = await openstackAs(node, env, ...args, "-f", "value");
    if (!ok) throw new Error(text);
    return text.trim().split("\n").sort();
  };
  return {
    services: [
      ...(await list("service", "list", "-c", "Name", "-c", "Type")),
      ...(await list("endpoint", "list", "-c", "Service Name", "-c", "Interface", "-c", "Region")),
    ],
    users: await list("user", "list", "--domain", "default", "-c", "Name"),
  };
}
