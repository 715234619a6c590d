import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { unique } from "#e2e/harness/bed.ts";
import { untilCondition } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { folderOfClaim } from "#e2e/node/claim-folder.ts";
import { dataVolumes, namespaces, pods } from "#operator/api/foreign.ts";
import { images } from "#operator/api/resources.ts";
import { findCondition } from "#runtime/api/conditions.ts";
import { openRealGuests, type RealGuests } from "./real-guests.ts";

// Files that a tenant has imported to get at what is not his, or to use up what is everybody's (guest/hostile.sh).

const MINUTES = 60_000;

let real: RealGuests;

beforeAll(async () => {
  real = await openRealGuests(inject("nodeStateDir"));
}, 20 * MINUTES);
afterAll(() => real?.close(), 10 * MINUTES);

/** What is on the disk of a claim: a file in the folder that the node has for its volume. */
async function diskOf(namespace: string, claim: string): Promise<Buffer> {
  return readFileSync(join(await folderOfClaim(real.node, namespace, claim), "disk.img"));
}

/** Whether a disk holds nothing but zeros. */
const isBlank = (disk: Buffer): boolean => disk.length > 0 && disk.equals(Buffer.alloc(disk.length));

describe("an Image of a hostile file is killed with the importer's own reason", { timeout: 10 * MINUTES }, () => {
  // Beside each other: most of the time CDI waits before it tries again.
  test.concurrent.each([
    ["a disk larger than any volume", "hostile-size.qcow2", /too small to contain/],
    ["a stream that unpacks to more than the volume", "hostile-bomb.gz", /too small to contain/],
    ["a table that does not fit into memory", "hostile-table.qcow2", /L1 table/i],
    ["a file that is not there beneath it", "hostile-backing-missing.qcow2", /invalid backing file/],
    ["the token of the importer's account beneath it", "hostile-backing-token.qcow2", /invalid backing file/],
    // CDI looks for files beneath a qcow2, and not for those beside it, nor at what a VMDK is made of.
    ["the token of the importer's account beside it", "hostile-data-token.qcow2", /could not convert image/],
    ["the token of the importer's account as a part of it", "hostile-extent-token.vmdk", /Could not open/],
    ["an address beneath it", "hostile-backing-url.qcow2", /invalid backing file/],
    ["a file beside it", "hostile-data-file.qcow2", /could not convert image/],
  ])("%s", async (_what, file, reason) => {
    const name = file.replace(/\..*$/, "");
    await real.image(name, file);
    const killed = { type: "Stalled", status: "True", message: reason };
    const image = await untilCondition(real.bed.kube, images, real.at(name), killed, 8 * MINUTES);
    expect(image.status?.phase).toBe("killed");
    // Its importer would try again and again, and take the room of the next.
    await real.bed.kube.delete(images, real.at(name));
  });

  test("an address as a part of it: it is killed, and nothing is fetched from there", async () => {
    const name = "hostile-extent-url";
    await real.image(name, `${name}.vmdk`);
    // A part is a file to QEMU, whatever it is called.
    const killed = { type: "Stalled", status: "True", message: /Could not open/ } as const;
    const image = await untilCondition(real.bed.kube, images, real.at(name), killed, 4 * MINUTES);
    expect(image.status?.phase).toBe("killed");
    const requests = await real.node.run("logs", "deployment/guest-images", "--namespace=guest-images");
    // The control: what was fetched is there.
    expect(requests.includes(`/${name}.vmdk`)).toBe(true);
    expect(requests.includes("/part-of-a-vmdk")).toBe(false);
    await real.bed.kube.delete(images, real.at(name));
  });

  test("the importer's environment beneath it: nothing of that comes through", async () => {
    await real.image("environ", "hostile-backing-environ.qcow2");
    const end = await eventually(
      "the import to end, well or not",
      async () => {
        const { phase, conditions } = (await real.bed.kube.get(images, real.at("environ")))?.status ?? {};
        if (phase === "killed") return `killed: ${findCondition(conditions, "Stalled")?.message}`;
        if (phase !== "active") return undefined;
        // What is on it, if there is anything, is nobody's to see in a test's output.
        return isBlank(await diskOf(real.team, "environ")) ? "active and blank" : "active with something on it";
      },
      { withinMs: 4 * MINUTES },
    );
    // Either because of what is beneath it, or because that has no length: an import that fails otherwise shows nothing.
    expect(end).toMatch(/^killed: .*backing file|^active and blank$/);
  });

  test("control: an importer has an environment, and on a disk that has the like of it that is found", async () => {
    await real.image("environment", "control-environment.qcow2");
    const ofImporters = { namespace: real.team, labelSelector: "cdi.kubevirt.io=importer" };
    const importer = await eventually("an importer", async () => (await real.bed.kube.list(pods, ofImporters))[0], {
      withinMs: MINUTES,
    });
    expect(importer.spec?.containers[0]?.env?.some(({ name }) => name.startsWith("IMPORTER_"))).toBe(true);
    await real.activeImage("environment");
    const disk = await diskOf(real.team, "environment");
    expect([isBlank(disk), disk.includes("IMPORTER_SOURCE=http")]).toEqual([false, true]);
  });

  test.each(["hostile-backing-token.qcow2", "hostile-data-token.qcow2", "hostile-extent-token.vmdk"])(
    "control: in a namespace that is no Project's the token is imported, and is on the disk (%s)",
    async (file) => {
      const namespace = unique("nobodys");
      const key = { namespace, name: "token" };
      await real.bed.kube.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
      try {
        const http = { url: real.disks.url(file), checksum: await real.disks.checksum(file) };
        const annotations = { "cdi.kubevirt.io/storage.bind.immediate.requested": "true" };
        await real.bed.kube.create(dataVolumes, {
          apiVersion: "cdi.kubevirt.io/v1beta1",
          kind: "DataVolume",
          metadata: { ...key, annotations },
          spec: { source: { http }, storage: { resources: { requests: { storage: "128Mi" } } } },
        });
        await eventually(
          "the file to be imported",
          async () => (await real.bed.kube.get(dataVolumes, key))?.status?.phase === "Succeeded",
          { withinMs: 3 * MINUTES },
        );
        // A token is a JSON Web Token; what it says is nobody's to see in a test's output.
        const disk = (await diskOf(namespace, "token")).toString("latin1");
        expect(/eyJ[\w-]+\.[\w-]+\.[\w-]+/.test(disk)).toBe(true);
      } finally {
        await real.bed.kube.delete(namespaces, { name: namespace });
      }
    },
  );

  test("control: a file that is what it says is imported by the same importer", async () => {
    await real.image("good");
    expect((await real.activeImage("good")).status?.phase).toBe("active");
  });
});
