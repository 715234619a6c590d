import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openNode } from "#e2e/node/handle.ts";
import { openGuest } from "#e2e/node/kubevirt/guest.ts";
import { payloadOf } from "#e2e/node/openstack.ts";
import { commands, openReader, type Reader } from "./walk.ts";

// The same as root: with a node, on which the Server of the examples boots.

const MINUTES = 60_000;
const { start, firstMinutes, withNode } = commands;
const all = [...start, ...firstMinutes, ...withNode];

let reader: Reader;
const stateDir = (): string => join(reader.folder, ".cache/node");

beforeAll(async () => {
  reader = await openReader("node", 15 * MINUTES);
});

afterAll(() => reader?.leave());

async function shown(): Promise<void> {
  const said = await reader.expectToWork(all);
  process.stderr.write(said.replaceAll(/^(?! *\d+\.?\d* s ).*\n/gm, ""));
  expect(said).toMatch(/secret\.nephele\.dev\/db-password condition met/);
  expect(said).toMatch(/^<payload>$/m);
  expect(said).toMatch(/server\.nephele\.dev\/web-1 condition met/);
  // The last that is asked: the Server with the guest's address.
  const told = said.trimEnd().split("\n").at(-1) ?? "";
  expect(told).toMatch(/^web-1 .*\bACTIVE\b.*\b10\.244\.\d+\.\d+\b/);
  await guestShowsSecret(/10\.244\.\d+\.\d+/.exec(told)?.[0] ?? "");
}

/** The guest at an address has in its file what Barbican holds. */
async function guestShowsSecret(address: string): Promise<void> {
  const node = await openNode(stateDir());
  const secret = ["get", "secrets.nephele.dev", "db-password", "--namespace=team-a"];
  const href = await node.run(...secret, "--output=jsonpath={.status.versions[0].refs.secret}");
  const guest = await openGuest(node, address);
  try {
    // Compared without being shown.
    expect((await guest.read("/etc/app/db-password")) === (await payloadOf(node, "team-a", href))).toBe(true);
  } finally {
    guest.close();
  }
}

describe("the README on a node", { timeout: 20 * MINUTES }, () => {
  test("control: without the first of its lines the rest does not work", async () => {
    expect(await reader.type([...start.slice(1), ...firstMinutes])).toMatchObject({ ok: false });
  });

  test("its commands work, and the Server boots", shown);

  test("make down leaves no process and no file", async () => {
    expect(reader.processes().length).toBeGreaterThan(5);
    await reader.expectToWork(["make down"]);
    expect(reader.processes()).toEqual([]);
    expect(existsSync(stateDir())).toBe(false);
  });

  test("and after make down they work again", shown);
});
