import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { untilCondition, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { cdiObject } from "#e2e/node/kubevirt/manifests.ts";
import { pods } from "#operator/api/foreign.ts";
import { servers } from "#operator/api/resources.ts";
import { openRealGuests, type RealGuests } from "./real-guests.ts";

// CDI's pods want more than the node has: the root disk of a Server is not copied, and CDI does not say why.

const MINUTES = 60_000;
/** Cores that a pod of CDI wants. */
const MORE_THAN_THERE_IS = "64";
const AS_IT_WAS = cdiObject.spec.config.podResourceRequirements.requests.cpu;

let real: RealGuests;

/** Each pod that CDI makes from now on wants so much of a node. */
async function wanting(cpu: string): Promise<void> {
  const spec = { config: { podResourceRequirements: { requests: { cpu }, limits: { cpu: MORE_THAN_THERE_IS } } } };
  await real.node.run("patch", "cdi", "cdi", "--type=merge", `--patch=${JSON.stringify({ spec })}`);
  await eventually("CDI to have taken it up", async () => {
    const asked = "--output=jsonpath={.status.defaultPodResourceRequirements.requests.cpu}";
    return (await real.node.run("get", "cdiconfigs", "config", asked)).trim() === cpu;
  });
}

beforeAll(async () => {
  real = await openRealGuests(inject("nodeStateDir"));
  await real.image("first");
  await real.activeImage("first");
}, 20 * MINUTES);
afterAll(async () => {
  const patch = JSON.stringify({ spec: cdiObject.spec });
  await real?.node.run("patch", "cdi", "cdi", "--type=merge", `--patch=${patch}`);
  await real?.close();
}, 10 * MINUTES);

describe("a Server whose root disk no node has room to copy", { timeout: 10 * MINUTES }, () => {
  test("says so in the scheduler's words, and is built when there is room", async () => {
    await wanting(MORE_THAN_THERE_IS);
    await real.apply("web-1", { flavorRef: { name: await real.flavor("small") }, imageRef: { name: "first" } });
    await untilCondition(
      real.bed.kube,
      servers,
      real.at("web-1"),
      {
        type: "Ready",
        status: "False",
        message: /DataVolume web-1-root-1 to be copied; no node takes a pod for it: 0\/1 nodes .*Insufficient cpu/,
      },
      2 * MINUTES,
    );
    expect((await real.server("web-1")).status).toMatchObject({ state: "BUILD", taskState: "block_device_mapping" });
    await wanting(AS_IT_WAS);
    // CDI makes them again, as it makes pods now.
    for (const pod of await real.bed.kube.list(pods, { namespace: real.team }))
      if (pod.status?.phase === "Pending" && pod.metadata.labels?.["app"] === "containerized-data-importer")
        await real.bed.kube.delete(pods, real.at(pod.metadata.name));
    await real.activeServer("web-1");
    await untilReady(real.bed.kube, servers, real.at("web-1"));
  });
});
