import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { untilCondition } from "#e2e/harness/conditions.ts";
import type { Image } from "#operator/api/generated/image.ts";
import { images } from "#operator/api/resources.ts";
import { openRealGuests, type RealGuests } from "./real-guests.ts";

const MINUTES = 60_000;

let real: RealGuests;

beforeAll(async () => {
  real = await openRealGuests(inject("nodeStateDir"));
  // All at once: CDI tries each again after a while, and another while.
  const at = (file: string) => ({ url: real.disks.url(file) });
  const checksum = await real.disks.checksum("guest.qcow2");
  const other = `sha256:${"0".repeat(64)}`;
  await real.image("wrong", "guest.qcow2", { source: { http: { ...at("guest.qcow2"), checksum: other } } });
  await real.image("missing", "guest.qcow2", { source: { http: { ...at("nothing.qcow2"), checksum } } });
  await real.image("large", "guest.qcow2", { minDisk: "16Mi" });
}, 20 * MINUTES);
afterAll(() => real?.close(), 10 * MINUTES);

describe("an Image that cannot be imported is killed with the importer's own reason", { timeout: 5 * MINUTES }, () => {
  const killed = (name: string, message: RegExp): Promise<Image> =>
    untilCondition(real.bed.kube, images, real.at(name), { type: "Stalled", status: "True", message }, 4 * MINUTES);

  test("a wrong checksum", async () => {
    expect((await killed("wrong", /checksum/i)).status?.phase).toBe("killed");
  });

  test("a file that is not there", async () => {
    expect((await killed("missing", /404/)).status?.phase).toBe("killed");
  });

  test("a minDisk that it does not fit into", async () => {
    expect((await killed("large", /too small to contain/)).status?.phase).toBe("killed");
  });
});
