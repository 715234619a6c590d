import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent, request } from "undici";
import { afterEach, beforeEach, expect, test } from "vitest";
import { freePort } from "#e2e/cluster/ports.ts";
import { envoyBinary } from "#e2e/envoy/envoy.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { run } from "#e2e/harness/run.ts";
import { tools } from "#e2e/tools/build.ts";
import { envoyArguments } from "./envoy.ts";

/** An Envoy that passes all on to one application, and has its administration interface at a socket as in a pod. */
function bootstrap(socket: string, port: number, application: number): object {
  const route = { match: { prefix: "/" }, route: { cluster: "application", timeout: "0s" } };
  const router = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";
  const manager =
    "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
  const http = {
    "@type": manager,
    stat_prefix: "http",
    route_config: { virtual_hosts: [{ name: "all", domains: ["*"], routes: [route] }] },
    http_filters: [{ name: "router", typed_config: { "@type": router } }],
  };
  const address = (number: number) => ({ socket_address: { address: "127.0.0.1", port_value: number } });
  const endpoint = { endpoint: { address: address(application) } };
  const assignment = { cluster_name: "application", endpoints: [{ lb_endpoints: [endpoint] }] };
  return {
    admin: { address: { pipe: { path: socket } } },
    static_resources: {
      listeners: [
        {
          name: "http",
          address: address(port),
          filter_chains: [{ filters: [{ name: "http", typed_config: http }] }],
        },
      ],
      clusters: [{ name: "application", type: "STATIC", load_assignment: assignment }],
    },
  };
}

let folder: string;
let socket: string;
let port: number;
let application: Server;
/** What the application has not answered: to `/held` it says nothing by itself. */
let held: ServerResponse[];
let envoy: ChildProcess;
let kept: Agent;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "drain-"));
  [socket, port, held, kept] = [join(folder, "admin.sock"), await freePort(), [], new Agent({ connections: 1 })];
  application = createServer(({ url }, response) => {
    if (url === "/held") held.push(response);
    else response.end();
  }).listen(0, "127.0.0.1");
  await once(application, "listening");
  const started = bootstrap(socket, port, (application.address() as AddressInfo).port);
  envoy = spawn(await envoyBinary(), envoyArguments(started, 1), { stdio: "ignore" });
  await eventually("Envoy", async () => {
    await ask();
    return true;
  });
});
afterEach(async () => {
  envoy.kill("SIGKILL");
  application.closeAllConnections();
  application.close();
  await kept.destroy();
  rmSync(folder, { recursive: true, force: true });
});

/** What an answer says of its connection. */
async function ask(path = "/"): Promise<unknown> {
  const { headers, body } = await request(`http://127.0.0.1:${port}${path}`, { dispatcher: kept });
  await body.dump();
  return headers["connection"];
}

/** Milliseconds that it took. */
async function drain(at: string, least: string, most: string): Promise<number> {
  const { bin } = await tools("envoy-drain", () => {});
  const began = performance.now();
  expect(await run(join(bin, "envoy-drain"), [at, least, most])).toMatchObject({ ok: true });
  return performance.now() - began;
}

test("a connection is told to close by its next answer, and draining ends when there is none", async () => {
  expect(await ask()).toBeUndefined();
  const drained = drain(socket, "0s", "40s");
  await eventually("an answer that ends its connection", async () => (await ask()) === "close");
  await kept.close();
  expect(await drained).toBeLessThan(40_000);
});

test("it does not end while a request is open, but for the longest that it may take", async () => {
  const answer = ask("/held");
  await eventually("a request at the application", async () => held.length > 0);
  expect(await drain(socket, "0s", "2s")).toBeGreaterThanOrEqual(2_000);
  // It is still open then; and with its end draining ends.
  const drained = drain(socket, "0s", "40s");
  for (const each of held) each.end();
  expect(await answer).toBe("close");
  expect(await drained).toBeLessThan(40_000);
});

test("of an Envoy that is not there it is said, and waited for all the same", async () => {
  expect(await drain(join(folder, "none.sock"), "0s", "1s")).toBeGreaterThanOrEqual(1_000);
});
