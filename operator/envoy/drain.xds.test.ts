import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent, request } from "undici";
import { expect, test } from "vitest";
import { freePort } from "#e2e/cluster/ports.ts";
import { envoyBinary } from "#e2e/envoy/envoy.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { run } from "#e2e/harness/run.ts";
import { tools } from "#e2e/tools/build.ts";
import { envoyArguments } from "./envoy.ts";

/** An Envoy that answers 200 to everything, and has its administration interface at a socket as in a pod. */
function bootstrap(socket: string, port: number): object {
  const route = { match: { prefix: "/" }, direct_response: { status: 200 } };
  const router = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";
  const manager =
    "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
  const http = {
    "@type": manager,
    stat_prefix: "http",
    route_config: { virtual_hosts: [{ name: "all", domains: ["*"], routes: [route] }] },
    http_filters: [{ name: "router", typed_config: { "@type": router } }],
  };
  return {
    admin: { address: { pipe: { path: socket } } },
    static_resources: {
      listeners: [
        {
          name: "http",
          address: { socket_address: { address: "127.0.0.1", port_value: port } },
          filter_chains: [{ filters: [{ name: "http", typed_config: http }] }],
        },
      ],
    },
  };
}

test("a connection is told to close by its next answer, and draining ends when there is none", async () => {
  const folder = mkdtempSync(join(tmpdir(), "drain-"));
  const [socket, port] = [join(folder, "admin.sock"), await freePort()];
  const { bin } = await tools("envoy-drain", () => {});
  const child = spawn(await envoyBinary(), envoyArguments(bootstrap(socket, port), 1), { stdio: "ignore" });
  const kept = new Agent({ connections: 1 });
  const ask = async (): Promise<unknown> => {
    const { headers, body } = await request(`http://127.0.0.1:${port}/`, { dispatcher: kept });
    await body.dump();
    return headers["connection"];
  };
  try {
    await eventually("Envoy", async () => {
      await ask();
      return true;
    });
    expect(await ask()).toBeUndefined();
    const began = performance.now();
    const drained = run(join(bin, "envoy-drain"), [socket, "0s", "20s"]);
    await eventually("an answer that ends its connection", async () => (await ask()) === "close");
    await kept.close();
    expect(await drained).toEqual({ ok: true, text: "" });
    expect(performance.now() - began).toBeLessThan(20_000);
    // Control: of an Envoy that is not there it is said, and waited for all the same.
    const nobody = await run(join(bin, "envoy-drain"), [join(folder, "none.sock"), "0s", "1s"]);
    expect(nobody.ok).toBe(true);
  } finally {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
});
