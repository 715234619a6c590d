import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { untilCondition } from "#e2e/harness/conditions.ts";
import { type GuestRegistry, serveGuestRegistry } from "#e2e/node/kubevirt/guest-registry.ts";
import { images } from "#operator/api/resources.ts";
import { openRealGuests, type RealGuests } from "./real-guests.ts";

// A disk in a registry in the house: the Cloud lets it be imported from there, and CDI is told that it speaks http.

const MINUTES = 60_000;

let real: RealGuests;
let registry: GuestRegistry;

beforeAll(async () => {
  real = await openRealGuests(inject("nodeStateDir"));
  registry = await serveGuestRegistry(real.node, (line) => void process.stderr.write(`${line}\n`));
}, 20 * MINUTES);
afterAll(() => real?.close(), 10 * MINUTES);

const image = (name: string, url: string): Promise<void> =>
  real.image(name, "guest.qcow2", { source: { registry: { url } } });

describe("an Image out of a registry", { timeout: 5 * MINUTES }, () => {
  test("is imported by its digest, and boots", async () => {
    const url = await registry.url("guest");
    await image("tiny", url);
    expect((await real.activeImage("tiny")).status?.checksum).toBe(url.split("@")[1]);
    const small = await real.flavor("small");
    await real.apply("web-1", { flavorRef: { name: small }, imageRef: { name: "tiny" } });
    await real.activeServer("web-1");
    expect(await real.fileOf("web-1", "/etc/hostname")).toBe("web-1");
  });

  test("of a digest that it does not have, is killed with the registry's own answer", async () => {
    await image("other", (await registry.url("guest")).replace(/sha256:.*/, `sha256:${"0".repeat(64)}`));
    const stalled = { type: "Stalled", status: "True", message: /manifest unknown/ } as const;
    const killed = await untilCondition(real.bed.kube, images, real.at("other"), stalled, 4 * MINUTES);
    expect(killed.status?.phase).toBe("killed");
  });

  test("of another registry is not asked for: the Cloud does not let it", async () => {
    await image("elsewhere", (await registry.url("guest")).replace("guest-registry.", "registry."));
    const refused = { type: "Stalled", status: "True", message: /none of the addresses/ } as const;
    await untilCondition(real.bed.kube, images, real.at("elsewhere"), refused, MINUTES);
  });
});
