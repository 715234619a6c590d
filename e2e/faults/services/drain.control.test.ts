import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "undici";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type ClientsBed, openClientsBed, operatorSettings } from "#e2e/clients/operator-clients.ts";
import { checkout } from "#e2e/cluster/location.ts";
import { run, type Said } from "#e2e/harness/run.ts";
import { createCloudClients } from "#operator/clients/cloud-clients.ts";
import { type KeystoneInAPod, keystoneInAPod } from "./keystone-in-a-pod.ts";

/** bcrypt at this cost takes about half a second: a login is a request that is slow because it works. */
const ROUNDS = 13;
/** So many seconds of work shall wait when the pod is told to go: more than its drain waits at the least. */
const QUEUE_SECONDS = 6;
const WORKERS = 2;
/** How much longer than by itself a worker loads its application where the test says so. */
const LOAD_SECONDS = 5;
const user = { name: "slow", password: "a password that takes its time" } as const;

let bed: ClientsBed;
let keystone: KeystoneInAPod;
beforeAll(async () => {
  bed = await openClientsBed("drain");
});
afterAll(async () => {
  await bed?.close();
});

/** A login on a connection of its own; gives the status, or why there is none. */
async function login(socketPath: string | undefined): Promise<number | string> {
  const patience = { headersTimeout: 90_000, bodyTimeout: 90_000 };
  const client = new Client(`http://127.0.0.1:${keystone.port}`, {
    ...(socketPath === undefined ? {} : { socketPath }),
    ...patience,
  });
  const identity = {
    methods: ["password"],
    password: { user: { name: user.name, domain: { id: bed.domain.id }, password: user.password } },
  };
  try {
    const { statusCode, body } = await client.request({
      method: "POST",
      path: "/v3/auth/tokens",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ auth: { identity } }),
    });
    await body.dump();
    return statusCode;
  } catch (error) {
    return String(error);
  } finally {
    await client.close();
  }
}

/** Logins that wait for the workers, for {@link QUEUE_SECONDS} and more. */
async function fillQueue(socketPath: string | undefined): Promise<readonly Promise<number | string>[]> {
  const began = performance.now();
  expect(await login(socketPath)).toBe(201);
  const seconds = (performance.now() - began) / 1_000;
  const logins = Array.from({ length: Math.ceil((QUEUE_SECONDS * WORKERS) / seconds) + WORKERS }, () =>
    login(socketPath),
  );
  // All have connected once the first is answered: they wait in the kernel, for whom nobody has to run.
  expect(await Promise.race(logins)).toBe(201);
  return logins;
}

describe("a pod that is told to go while requests wait for longer than its drain lasts at the least", () => {
  beforeEach(async () => {
    keystone = await keystoneInAPod({ passwordHashRounds: ROUNDS });
    const identityUrl = `http://127.0.0.1:${keystone.port}/v3`;
    const { users } = createCloudClients({ ...operatorSettings(), identityUrl }).keystone();
    const domainId = bed.domain.id;
    if ((await users.findByName(domainId, user.name)) === undefined) await users.create({ ...user, domainId });
  });
  afterEach(() => keystone?.close());

  test.each([
    { by: "its port", socketPath: () => undefined },
    { by: "its sidecar's socket", socketPath: () => keystone.socket },
  ])(
    "answers them all that came by $by, and then stops",
    async ({ socketPath }) => {
      const logins = await fillQueue(socketPath());
      await keystone.drain();
      await keystone.stop();
      expect(new Set(await Promise.all(logins))).toEqual(new Set([201]));
    },
    120_000,
  );

  test("the control: told to stop without the drain, it resets those that wait", async () => {
    const logins = await fillQueue(undefined);
    await keystone.stop();
    const answers = await Promise.all(logins);
    expect(answers).toContain(201);
    expect(answers.filter((answer) => typeof answer === "string").length).toBeGreaterThan(0);
  }, 120_000);
});

describe("a pod that is told to go while one of its workers still loads", () => {
  afterEach(() => keystone?.close());

  /** Has a worker load anew, tells the pod to stop meanwhile, and says what came of it in twice the time that loading takes. */
  async function toldWhileOneLoads(edit: (configuration: string) => string): Promise<"ended" | "still there"> {
    keystone = await keystoneInAPod({ edit, loadSeconds: LOAD_SECONDS });
    await keystone.loseAWorker();
    return Promise.race([
      keystone.stop().then(() => "ended" as const),
      sleep(2 * LOAD_SECONDS * 1_000, "still there" as const),
    ]);
  }

  test("ends", async () => {
    expect(await toldWhileOneLoads((same) => same)).toBe("ended");
  }, 60_000);

  test("the control: without the ear for SIGHUP that a worker is given it stays, long after all is loaded", async () => {
    expect(await toldWhileOneLoads((same) => same.replace(/^hook-post-fork.*\n/m, ""))).toBe("still there");
  }, 60_000);
});

describe("the program that drains", () => {
  const drain = join(checkout, "operator", "cloud", "programs", "drain.py");
  /** Its seconds, by a port on which connections are held open. */
  const [least, quiet, most] = ["0", "0.5", "3"];
  let server: Server;
  let port: number;
  beforeEach(async () => {
    server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    ({ port } = server.address() as AddressInfo);
  });
  afterEach(() => {
    server.close();
  });
  const drained = (): Promise<Said> => run("python3", [drain, String(port), least, quiet, most]);

  test("ends when all are closed", async () => {
    const held = connect(port, "127.0.0.1");
    await once(held, "connect");
    let over = false;
    const draining = drained().then((said) => {
      over = true;
      return said;
    });
    await sleep(1_000);
    expect(over).toBe(false);
    held.destroy();
    expect(await draining).toMatchObject({ ok: true });
  });

  test("says how many are still open when its time is over", async () => {
    const held = connect(port, "127.0.0.1");
    await once(held, "connect");
    expect(await drained()).toEqual({
      ok: false,
      text: expect.stringMatching(/^1 connections are still open after 3 s/),
    });
    held.destroy();
  });

  test("goes on while new ones come, however short they are", async () => {
    // As uWSGI does: who closes first keeps the connection in its table for a minute.
    server.on("connection", (visit) => visit.end());
    let coming = true;
    const visits = (async () => {
      while (coming) {
        const visit = connect(port, "127.0.0.1");
        visit.resume();
        await once(visit, "end");
        await sleep(200);
      }
    })();
    const began = performance.now();
    const { ok } = await drained();
    coming = false;
    await visits;
    expect(ok).toBe(true);
    expect(performance.now() - began).toBeGreaterThanOrEqual(3_000);
  });
});
