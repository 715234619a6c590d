import { afterEach, expect, test } from "vitest";
import { createLogger } from "#runtime/observe/log.ts";
import { httpChain, meshOf, proxyOf, ruleTo, serviceAt } from "../mesh-fixtures.ts";
import { SnapshotStore } from "../snapshot/store.ts";
import { serveDebug } from "./debug.ts";
import { Publisher } from "./publisher.ts";
import { Rejections } from "./rejections.ts";

const name = "gateway/team-a/edge";
const key = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
const chain = httpChain([{ hostname: "*", rules: [ruleTo("/", "web")] }], {
  tls: { kind: "terminate", certificates: ["a/b"] },
});
const mesh = meshOf(
  [
    proxyOf(name, [{ name: "in", address: "0.0.0.0", port: 443, chains: [chain] }], {
      certificates: [{ name: "a/b", chain: "-----BEGIN CERTIFICATE-----", key }],
    }),
  ],
  [serviceAt("web", [1])],
);
const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function ask(path: string, filled: boolean): Promise<{ readonly status: number; readonly text: string }> {
  const snapshots = new SnapshotStore();
  new Publisher(snapshots, createLogger({ level: "fatal" })).publish(mesh);
  const options = { host: "127.0.0.1", port: 0, snapshots, rejections: new Rejections("one") };
  const debug = await serveDebug({ ...options, mesh: () => (filled ? mesh : undefined) });
  open.push(() => debug.close());
  const answer = await fetch(`http://127.0.0.1:${debug.port}${path}`);
  return { status: answer.status, text: await answer.text() };
}

test("a class is shown with its part of the mesh, its resources and what is served, without keys", async () => {
  const { status, text } = await ask(`/debug/proxies/${name}`, true);
  expect(status).toBe(200);
  const shown = JSON.parse(text) as Record<string, Record<string, unknown>>;
  expect(shown["proxy"]).toMatchObject({ name, certificates: [{ name: "a/b" }] });
  expect(shown["services"]).toMatchObject([{ name: "web" }]);
  expect(Object.keys(shown["served"]?.["cluster"] as object)).toEqual(["web", "nephele.dev/nobody"]);
  expect(shown["resources"]).toMatchObject({
    secret: [{ name: "certificate/a/b" }],
    cluster: [{ name: "web" }, { name: "nephele.dev/nobody" }],
  });
  expect(text).not.toContain("c2VjcmV0");
  // Control: it is there to be left out.
  expect(JSON.stringify([...mesh.proxies.values()])).toContain("c2VjcmV0");
});

test("all classes are listed; nothing is there before the view is filled, nor by another path", async () => {
  expect(JSON.parse((await ask("/debug/proxies", true)).text)).toEqual({
    denied: [],
    proxies: [{ name, isServed: true }],
  });
  expect(JSON.parse((await ask("/debug/proxies", false)).text)).toEqual({ denied: [], proxies: [] });
  for (const path of ["/", "/debug", "/debug/proxies/none", "/debug/proxies/"]) {
    expect((await ask(path, true)).status).toBe(404);
  }
});
