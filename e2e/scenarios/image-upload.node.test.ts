import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { unique } from "#e2e/harness/bed.ts";
import { untilCondition } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { openUploadProxy, type UploadProxy } from "#e2e/node/kubevirt/upload.ts";
import { roleBindings } from "#operator/api/foreign.ts";
import { images } from "#operator/api/resources.ts";
import type { KubeObject } from "#runtime/api/object.ts";
import { defineResource } from "#runtime/api/resource.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";
import { openRealGuests, type RealGuests } from "./real-guests.ts";

// A disk that a member of the Project sends, through CDI's proxy, with a token that CDI gives for one claim.

const MINUTES = 60_000;

interface TokenRequest extends KubeObject {
  readonly status?: { readonly token?: string };
}
const uploadTokenRequests = defineResource<TokenRequest>({
  group: "upload.cdi.kubevirt.io",
  version: "v1beta1",
  plural: "uploadtokenrequests",
  kind: "UploadTokenRequest",
  namespaced: true,
});

let real: RealGuests;
let member: KubeClient;
let proxy: UploadProxy;
let disk: Uint8Array;

beforeAll(async () => {
  real = await openRealGuests(inject("nodeStateDir"));
  proxy = await openUploadProxy(real.node);
  disk = await real.disks.bytes("guest.qcow2");
  const user = unique("member");
  await real.bed.kube.create(roleBindings, {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: real.at(user),
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "nephele:project-member" },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user }],
  });
  member = await real.bed.as(user);
}, 20 * MINUTES);
afterAll(async () => {
  await proxy?.close();
  await real?.close();
}, 10 * MINUTES);

/** Makes an Image that waits for its disk. */
async function awaiting(name: string): Promise<void> {
  await real.image(name, "guest.qcow2", { source: { upload: {} } });
  const waits = { type: "Ready", status: "False", message: /an upload: virtctl image-upload dv/ } as const;
  const image = await untilCondition(real.bed.kube, images, real.at(name), waits, 2 * MINUTES);
  expect(image.status?.phase).toBe("queued");
}

/** A token for the claim of an Image, as a member asks CDI for it. Never shown. */
async function tokenFor(name: string): Promise<string> {
  const made = await member.create(uploadTokenRequests, {
    apiVersion: "upload.cdi.kubevirt.io/v1beta1",
    kind: "UploadTokenRequest",
    metadata: real.at(name),
    spec: { pvcName: name },
  });
  const token = made.status?.token ?? "";
  expect(token === "").toBe(false);
  return token;
}

/** CDI's server of one upload may still be starting: until then its proxy answers that it is not ready, or cannot be reached. */
const sent = (content: Uint8Array, name: string): Promise<{ readonly status: number; readonly text: string }> =>
  eventually(
    `an answer about ${name}`,
    async () => {
      const answer = await proxy.send(content, await tokenFor(name));
      return answer.status === 503 || answer.status === 502 ? undefined : answer;
    },
    { withinMs: 2 * MINUTES },
  );

describe("an Image that is uploaded", { timeout: 6 * MINUTES }, () => {
  test("waits for its disk, is active when it was sent, and boots", async () => {
    await awaiting("sent");
    expect(await sent(disk, "sent")).toMatchObject({ status: 200 });
    await real.activeImage("sent");
    const small = await real.flavor("small");
    await real.apply("web-1", { flavorRef: { name: small }, imageRef: { name: "sent" } });
    await real.activeServer("web-1");
    expect(await real.fileOf("web-1", "/etc/hostname")).toBe("web-1");
  });

  test("takes nothing without a token, nor with that of another Image", async () => {
    await Promise.all([awaiting("one"), awaiting("two")]);
    // No more than fits on the way: who refuses it does not read the rest.
    expect(await proxy.send(disk.subarray(0, 1024), "nothing")).toMatchObject({ status: 401 });
    // A token names its claim: what is sent with it goes there, and nowhere else.
    expect(await sent(disk, "one")).toMatchObject({ status: 200 });
    await real.activeImage("one");
    expect((await real.bed.kube.get(images, real.at("two")))?.status?.phase).toBe("queued");
  });

  test("that is cut off, or too large, is no disk; it can be sent again", async () => {
    await awaiting("again");
    const refused = await sent(await real.disks.bytes("hostile-size.qcow2"), "again");
    expect(refused).toMatchObject({
      status: 400,
      text: expect.stringContaining("larger than the reported available storage"),
    });
    await proxy.sendHalf(disk, await tokenFor("again"));
    // Had CDI taken the half for the whole, it would take nothing more.
    expect(await sent(disk, "again")).toMatchObject({ status: 200 });
    await real.activeImage("again");
  });
});
