import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { unique } from "#e2e/harness/bed.ts";
import { untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { openGuest } from "#e2e/node/kubevirt/guest.ts";
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

test(
  "an Image that is shared boots in the other Project, and not before it is shared",
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

    await kube.mergePatch(images, real.at("tiny"), { spec: { visibility: "Shared", sharedWith: [other] } });
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
