import { request } from "undici";
import { afterEach, expect, test } from "vitest";
import { operatorSettings } from "#e2e/clients/operator-clients.ts";
import { clusterLocation } from "#e2e/cluster/location.ts";
import { openPorts } from "#e2e/cluster/ports.ts";
import { type FreezingRelay, freezingRelay } from "./freezing-relay.ts";
import { type KeystoneInAPod, keystoneInAPod } from "./keystone-in-a-pod.ts";

/** Two more than there are workers: all of them ask, and somebody waits. */
const CLIENTS = 4;

let relay: FreezingRelay;
let keystone: KeystoneInAPod;
afterEach(async () => {
  keystone?.close();
  await relay?.close();
});

async function open(deadline: boolean): Promise<void> {
  relay = await freezingRelay(await openPorts(clusterLocation().stateDir).take("postgres"));
  keystone = await keystoneInAPod({ databasePort: relay.port, deadline });
  expect(await login()).toBe(201);
}

/** A login asks the database. */
async function login(withinMs = 60_000): Promise<number | string> {
  const { credentials } = operatorSettings();
  const { username: name, password, userDomain } = credentials;
  const identity = { methods: ["password"], password: { user: { name, domain: { name: userDomain }, password } } };
  try {
    const { statusCode, body } = await request(`http://127.0.0.1:${keystone.port}/v3/auth/tokens`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ auth: { identity } }),
      headersTimeout: withinMs,
    });
    await body.dump();
    return statusCode;
  } catch (error) {
    return String(error);
  }
}

test("a database that freezes is given up, and what leads to another is used at once", async () => {
  await open(true);
  relay.freeze();
  const hanging = Array.from({ length: CLIENTS }, () => login());
  await Promise.race(hanging);
  relay.failOver();
  for (const answer of await Promise.all(hanging)) expect([201, 503]).toContain(answer);
  expect(await login()).toBe(201);
}, 120_000);

test("the control: without, a worker that asks it waits for as long as it is frozen", async () => {
  await open(false);
  relay.freeze();
  // Longer than the others wait for PostgreSQL at the most. The other worker may have no connection yet: it gives up making one.
  const answers = await Promise.all(Array.from({ length: CLIENTS }, () => login(25_000)));
  expect(answers.filter((answer) => /Timeout/.test(String(answer)))).not.toEqual([]);
}, 120_000);
