import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { untilCondition } from "#e2e/harness/conditions.ts";
import { images } from "#operator/api/resources.ts";
import { openRealGuests, type RealGuests } from "./real-guests.ts";

// Files that a tenant has imported to get at what is not his, or to use up what is everybody's (guest/hostile.sh).

const MINUTES = 60_000;

let real: RealGuests;

beforeAll(async () => {
  real = await openRealGuests(inject("nodeStateDir"));
}, 20 * MINUTES);
afterAll(() => real?.close(), 10 * MINUTES);

describe("an Image of a hostile file is killed with the importer's own reason", { timeout: 5 * MINUTES }, () => {
  test.each([
    ["a disk larger than any volume", "hostile-size.qcow2", /too small to contain/],
    ["a stream that unpacks to more than the volume", "hostile-bomb.gz", /too small to contain/],
    ["a table that does not fit into memory", "hostile-table.qcow2", /L1 table/i],
    ["a file that is not there beneath it", "hostile-backing-missing.qcow2", /invalid backing file/],
    ["an address beneath it", "hostile-backing-url.qcow2", /invalid backing file/],
    ["a file beside it", "hostile-data-file.qcow2", /could not convert image/],
  ])("%s", async (_what, file, reason) => {
    const name = file.replace(/\..*$/, "");
    await real.image(name, file);
    const killed = { type: "Stalled", status: "True", message: reason };
    const image = await untilCondition(real.bed.kube, images, real.at(name), killed, 4 * MINUTES);
    expect(image.status?.phase).toBe("killed");
  });

  test("control: a file that is what it says is imported by the same importer", async () => {
    await real.image("good");
    expect((await real.activeImage("good")).status?.phase).toBe("active");
  });
});
