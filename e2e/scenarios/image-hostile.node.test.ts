import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { unique } from "#e2e/harness/bed.ts";
import { untilCondition } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { folderOfClaim } from "#e2e/node/claim-folder.ts";
import { dataVolumes, namespaces } from "#operator/api/foreign.ts";
import { images } from "#operator/api/resources.ts";
import { openRealGuests, type RealGuests } from "./real-guests.ts";

// Files that a tenant has imported to get at what is not his, or to use up what is everybody's (guest/hostile.sh).

const MINUTES = 60_000;

let real: RealGuests;

beforeAll(async () => {
  real = await openRealGuests(inject("nodeStateDir"));
}, 20 * MINUTES);
afterAll(() => real?.close(), 10 * MINUTES);

/** What is on the disk of a claim: a file in the folder that the node has for its volume. */
async function diskOf(namespace: string, claim: string): Promise<string> {
  return readFileSync(join(await folderOfClaim(real.node, namespace, claim), "disk.img"), "latin1");
}

describe("an Image of a hostile file is killed with the importer's own reason", { timeout: 5 * MINUTES }, () => {
  test.each([
    ["a disk larger than any volume", "hostile-size.qcow2", /too small to contain/],
    ["a stream that unpacks to more than the volume", "hostile-bomb.gz", /too small to contain/],
    ["a table that does not fit into memory", "hostile-table.qcow2", /L1 table/i],
    ["a file that is not there beneath it", "hostile-backing-missing.qcow2", /invalid backing file/],
    ["the token of the importer's account beneath it", "hostile-backing-token.qcow2", /invalid backing file/],
    // CDI looks for files beneath a qcow2, and not at what a VMDK is made of.
    ["the token of the importer's account as a part of it", "hostile-extent-token.vmdk", /Could not open/],
    ["an address beneath it", "hostile-backing-url.qcow2", /invalid backing file/],
    ["a file beside it", "hostile-data-file.qcow2", /could not convert image/],
  ])("%s", async (_what, file, reason) => {
    const name = file.replace(/\..*$/, "");
    await real.image(name, file);
    const killed = { type: "Stalled", status: "True", message: reason };
    const image = await untilCondition(real.bed.kube, images, real.at(name), killed, 4 * MINUTES);
    expect(image.status?.phase).toBe("killed");
    // Its importer would try again and again, and take the room of the next.
    await real.bed.kube.delete(images, real.at(name));
  });

  test("the importer's environment beneath it: nothing of that comes through", async () => {
    await real.image("environ", "hostile-backing-environ.qcow2");
    const volume = await eventually(
      "the import to end, well or not",
      async () => {
        const { phase } = (await real.bed.kube.get(images, real.at("environ")))?.status ?? {};
        if (phase === "killed") return "";
        return phase === "active" ? diskOf(real.team, "environ") : undefined;
      },
      { withinMs: 4 * MINUTES },
    );
    expect(/IMPORTER_|PATH=/.test(volume)).toBe(false);
  });

  test.each(["hostile-backing-token.qcow2", "hostile-extent-token.vmdk"])(
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
        expect(/eyJ[\w-]+\.[\w-]+\.[\w-]+/.test(await diskOf(namespace, "token"))).toBe(true);
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
