import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { unique } from "#e2e/harness/bed.ts";
import { untilCondition, untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { openGuest } from "#e2e/node/kubevirt/guest.ts";
import { networkPolicies } from "#operator/api/foreign.ts";
import { images, projects, servers } from "#operator/api/resources.ts";
import { openRealGuests, type RealGuests } from "./real-guests.ts";

/** An Image of one Project in a Server of another: CDI brings the disk from namespace to namespace, both of them Strict. */
const MINUTES = 60_000;
const other = unique("other");
const web = { namespace: other, name: "web-1" };

let real: RealGuests;
beforeAll(async () => {
  real = await openRealGuests(inject("nodeStateDir"));
  await real.bed.kube.create(projects, {
    apiVersion: "nephele.dev/v1alpha1",
    kind: "Project",
    metadata: { name: other },
    spec: { domain: "Default", protected: false, onDelete: "Delete" },
  });
  await untilReady(real.bed.kube, projects, { name: other }, MINUTES);
}, 15 * MINUTES);
afterAll(async () => {
  if (real === undefined) return;
  await real.bed.kube.delete(servers, web);
  await untilGone(real.bed.kube, servers, web, 3 * MINUTES);
  await real.bed.kube.delete(projects, { name: other });
  await untilGone(real.bed.kube, projects, { name: other }, 3 * MINUTES);
  await real.close();
}, 10 * MINUTES);

/** What CDI's pod that sends the disk says every second of how far it is, in percent. */
async function progress(): Promise<readonly number[]> {
  const log = await real.node.run("logs", "-n", real.team, "-l", "cdi.kubevirt.io=cdi-clone-source", "--tail=-1");
  return [...log.matchAll(/prometheus\.go:\d+\] ([\d.]+)$/gm)].map(([, percent]) => Number(percent));
}

/** For twenty seconds, of a disk that is sent in two. */
function standsStill(percents: readonly number[]): boolean {
  const last = percents.slice(-20);
  return last.length === 20 && last.every((percent) => percent === last[0] && percent < 100);
}

test(
  "an Image that is shared boots in the other Project; not before it is shared, nor while its disk is not let in",
  async () => {
    const { kube } = real.bed;
    await real.image("tiny");
    await real.activeImage("tiny");
    const flavor = await real.flavor("small");
    await kube.create(servers, {
      apiVersion: "nephele.dev/v1alpha1",
      kind: "Server",
      metadata: web,
      spec: { flavorRef: { name: flavor }, imageRef: { name: "tiny", namespace: real.team } },
    });
    let last: unknown;
    const server = async () => {
      const status = (await kube.get(servers, web))?.status;
      last = status;
      return status;
    };
    await eventually(
      "the refusal",
      async () => /there is no Image .* may use/.test(JSON.stringify((await server())?.conditions)),
      {
        withinMs: MINUTES,
      },
    );
    expect((await server())?.state).not.toBe("ACTIVE");

    // The control: without the policy that lets it in, the disk does not come. Paused, so that nobody makes it again.
    const pause = (paused: string | null): Promise<unknown> =>
      kube.mergePatch(projects, { name: other }, { metadata: { annotations: { "nephele.dev/paused": paused } } });
    await pause("true");
    await untilCondition(kube, projects, { name: other }, { type: "Reconciling", status: "False", reason: "Paused" });
    await kube.delete(networkPolicies, { namespace: other, name: "nephele-clones-in" });
    await kube.mergePatch(images, real.at("tiny"), { spec: { visibility: "Shared", sharedWith: [other] } });
    await eventually("the disk to be kept out", async () => standsStill(await progress()), { withinMs: 3 * MINUTES });
    expect((await server())?.state).not.toBe("ACTIVE");
    await pause(null);
    const address = await eventually(
      "the Server of the other Project to be ACTIVE",
      async () => {
        const status = await server();
        return status?.state === "ACTIVE" ? status.addresses?.[0]?.address : undefined;
      },
      { withinMs: 5 * MINUTES, seen: () => last },
    );
    const guest = await openGuest(real.node, address);
    try {
      expect(await guest.read("/etc/hostname")).toBe("web-1");
    } finally {
      guest.close();
    }
  },
  10 * MINUTES,
);
