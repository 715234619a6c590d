import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { type Bed, openBed } from "#e2e/harness/bed.ts";
import { untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { persistentVolumeClaims, virtualMachines } from "#operator/api/foreign.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { projects, secrets, servers } from "#operator/api/resources.ts";
import { examplesOf } from "./examples.ts";
import { type NodeHandle, openNode } from "./handle.ts";
import { openGuest } from "./kubevirt/guest.ts";
import { installKubeVirt } from "./kubevirt/install.ts";
import { installNephele } from "./nephele.ts";
import { payloadOf } from "./openstack.ts";
import { serveExamples } from "./with-cloud.ts";

// What a person does after `CLUSTER=node make up`: apply the examples, and look into the guest.

const MINUTES = 60_000;
const TEAM = "team-a";
const at = (name: string) => ({ namespace: TEAM, name });

let bed: Bed;
let node: NodeHandle;
let folder: string;

beforeAll(async () => {
  const stateDir = inject("nodeStateDir");
  const print = (line: string): void => void process.stderr.write(`${line}\n`);
  await installKubeVirt(stateDir, print);
  await installNephele(stateDir, print);
  await serveExamples(stateDir, print);
  bed = await openBed(stateDir);
  node = await openNode(stateDir);
  folder = examplesOf(stateDir);
}, 20 * MINUTES);

afterAll(() => bed?.close());

async function active(name: string): Promise<Server> {
  return await eventually(
    `Server ${name} to be ACTIVE with an address`,
    async () => {
      const server = await bed.kube.get(servers, at(name));
      return server?.status?.state === "ACTIVE" && server.status.addresses?.[0] !== undefined ? server : undefined;
    },
    { withinMs: 5 * MINUTES },
  );
}

/** The payload that Barbican holds, by the stock client with the Project's clouds.yaml. */
async function payload(): Promise<string> {
  const href = (await bed.kube.get(secrets, at("db-password")))?.status?.versions?.[0]?.refs.secret ?? "";
  return await payloadOf(node, TEAM, href);
}

describe("the examples on the node", { timeout: 15 * MINUTES }, () => {
  test.each(["applied", "deleted and applied again"])(
    "%s: the guest answers and shows the secret that Barbican holds",
    async () => {
      const started = performance.now();
      const sinceApply = (): string => `${((performance.now() - started) / 1_000).toFixed(1)} s`;
      await node.run("apply", "-f", folder);
      await untilReady(bed.kube, projects, { name: TEAM }, 2 * MINUTES);
      await untilReady(bed.kube, secrets, at("db-password"), 2 * MINUTES);
      process.stderr.write(`  ${sinceApply()}  Project and Secret Ready\n`);
      const server = await active("web-1");
      process.stderr.write(`  ${sinceApply()}  Server ACTIVE\n`);
      const guest = await openGuest(node, server.status?.addresses?.[0]?.address ?? "");
      // Compared without being shown.
      expect((await guest.read("/etc/app/db-password")) === (await payload())).toBe(true);
      process.stderr.write(`  ${sinceApply()}  the guest shows the secret\n`);
      // The control: what nobody gave it is not there.
      expect(await guest.status("/etc/app/other")).toBe(404);
      guest.close();

      // All at once, as they were applied; the namespace is a file of its own, and goes last.
      await node.run("delete", "-f", folder, "--wait=false");
      await untilGone(bed.kube, projects, { name: TEAM }, 3 * MINUTES);
      expect(await bed.kube.list(virtualMachines, { namespace: TEAM })).toEqual([]);
      expect(await bed.kube.list(persistentVolumeClaims, { namespace: TEAM })).toEqual([]);
      await eventually("the namespace to be gone", async () => {
        const left = await node.run("get", "namespace", TEAM, "--ignore-not-found", "--output=name");
        return left.trim() === "";
      });
    },
  );
});
