import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commands, openReader, type Reader } from "./walk.ts";

// What a person does who has read the README and is not root: its commands, as they stand there.

/** make up, kubectl and the openstack client, in one shell. */
const WITHIN_MS = 240_000;
const { start, firstMinutes } = commands;

let reader: Reader;

beforeAll(async () => {
  reader = await openReader("control", WITHIN_MS);
});

afterAll(() => reader?.leave());

describe("the README", () => {
  test("control: without the first of its lines the rest does not work", async () => {
    expect(await reader.type([...start.slice(1), ...firstMinutes])).toMatchObject({ ok: false });
  });

  test("its commands work, from the first to make down", async () => {
    const said = await reader.expectToWork([...start, ...firstMinutes]);
    expect(said).toMatch(/secret\.nephele\.dev\/db-password condition met/);
    expect(said).toMatch(/\/v1\/secrets\/[0-9a-f-]{36}.*db-password/);
    expect(said).toMatch(/^<payload>$/m);
  });

  test("they work once more while everything is there", async () => {
    // So that none afterwards is not said by the blind.
    expect(reader.processes().length).toBeGreaterThan(5);
    await reader.expectToWork([...start, ...firstMinutes]);
  });

  test("make down leaves no process and no file", async () => {
    await reader.expectToWork(["make down"]);
    expect(reader.processes()).toEqual([]);
    expect(existsSync(join(reader.folder, ".cache/cluster"))).toBe(false);
  });

  test("and after make down they work again", async () => {
    await reader.expectToWork([...start, ...firstMinutes, "make down"]);
  });
});
