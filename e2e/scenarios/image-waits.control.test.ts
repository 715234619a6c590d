import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { untilCondition, untilReady } from "#e2e/harness/conditions.ts";
import { persistentVolumeClaims, pods } from "#operator/api/foreign.ts";
import { images } from "#operator/api/resources.ts";
import { type GuestBed, openGuestBed, type Tenant } from "./guest-bed.ts";

// What an Image waits for that CDI does not say, and pods do.

let bed: GuestBed;
let team: Tenant;

beforeAll(async () => {
  bed = await openGuestBed();
  team = await bed.tenant();
});
afterAll(() => bed?.close(), 180_000);

const at = (name: string) => ({ namespace: team.name, name });

describe("image", () => {
  test("dependency missing: an upload whose server no node takes says so, and asks for no disk", async () => {
    const key = at("unplaced-upload");
    await team.image(key.name, { source: { upload: {} } });
    await untilCondition(bed.kube, images, key, {
      type: "Ready",
      status: "False",
      message: /^Waiting for the server of the upload to start$/,
    });
    // CDI's controller of these servers is not in this cluster, as that of cloners: its part is played. Nobody makes volumes here.
    const server = `cdi-upload-${key.name}`;
    const annotations = { "cdi.kubevirt.io/storage.uploadPodName": server };
    await bed.kube.mergePatch(persistentVolumeClaims, key, { metadata: { annotations } });
    await bed.kube.create(pods, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: at(server),
      spec: {
        containers: [{ name: "server", image: "x" }],
        volumes: [{ name: "disk", persistentVolumeClaim: { claimName: key.name } }],
      },
    });
    const message = /the server of the upload to start; no node takes a pod for it: .*unbound immediate/;
    const unplaced = { type: "Ready", status: "False", message } as const;
    const image = await untilCondition(bed.kube, images, key, unplaced, 55_000);
    expect(image.status?.phase).toBe("queued");
  });

  test("dependency missing: a claim that a Server uses is copied when that has stopped, and the Image says so", async () => {
    await team.activeImage("base");
    await team.runningServer("user", { flavorRef: { name: await bed.flavor("small") }, imageRef: { name: "base" } });
    const waits = (name: string, message: RegExp) =>
      untilCondition(bed.kube, images, at(name), { type: "Ready", status: "False", message });
    await team.image("of-an-image", { source: { volume: { name: "base" } } });
    await team.image("of-a-server", { source: { volume: { name: "user-root-1" } } });
    await waits("of-a-server", /^Waiting for Server user to stop: its disk is in use/);
    // The control: nobody uses this one.
    await waits("of-an-image", /^Waiting for DataVolume of-an-image to be imported/);
    await team.copied("of-a-server");
    await untilReady(bed.kube, images, at("of-a-server"));
  });
});
