import { spawn } from "node:child_process";
import { KeyObject } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type ChannelCredentials, Client, credentials } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createLogger } from "#runtime/observe/log.ts";
import { exactly } from "#spiffe/authorize.ts";
import { type Certified, certify } from "#spiffe/certificate-fixtures.ts";
import { spiffeId, trustDomain } from "#spiffe/spiffe-id.ts";
import { SvidChannelCredentials } from "#spiffe/tls/grpc.ts";
import type { Identity } from "#spiffe/tls/identity.ts";
import { verifySvid } from "#spiffe/x509/verify.ts";
import { messageType } from "../../xds-control-plane/proto/descriptors.ts";
import type { Plain } from "../check/struct.ts";
import { tinyBundle } from "../testing/tiny-policy.ts";
import type { Listen } from "./flags.ts";
import { type RunningProgram, startProgram } from "./program.ts";

const [own, proxy, stranger] = ["authorization", "edge", "stranger"].map((name) => spiffeId(`spiffe://d.test/${name}`));

let folder: string;
let stop: AbortController;
let running: RunningProgram | undefined;
let lines: string[];
const clients: Client[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "authorization-"));
  stop = new AbortController();
  lines = [];
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  stop.abort();
  await running?.ended;
  rmSync(folder, { recursive: true });
});

function put(packed: Uint8Array): void {
  writeFileSync(join(folder, "new"), packed);
  renameSync(join(folder, "new"), join(folder, "bundle"));
}

async function start(listen: Listen, identity?: Identity): Promise<RunningProgram> {
  const log = createLogger({ level: "info", destination: { write: (line: string) => void lines.push(line) } });
  const health = { host: "127.0.0.1", port: 0 };
  const options = { bundle: join(folder, "bundle"), listen, health, log, identity, lookEveryMs: 10 };
  running = await startProgram(options, stop.signal);
  return running;
}

/** What is answered to a request, or the code of the failure. */
function ask(address: string, by: ChannelCredentials): Promise<Plain | number> {
  const [request, response] = ["CheckRequest", "CheckResponse"].map((name) =>
    messageType(`envoy.service.auth.v3.${name}`),
  );
  if (request === undefined || response === undefined) throw new Error("never");
  const client = new Client(address, by);
  clients.push(client);
  const { promise, resolve } = Promise.withResolvers<Plain | number>();
  client.makeUnaryRequest(
    "/envoy.service.auth.v3.Authorization/Check",
    (message: Plain) => Buffer.from(request.encode(request.fromObject({ ...message })).finish()),
    (bytes) => response.toObject(response.decode(bytes)) as Plain,
    { attributes: { request: { http: { method: "GET", path: "/" } } } },
    { deadline: Date.now() + 20_000 },
    (error, answer) => resolve(error === null ? (answer ?? 0) : error.code),
  );
  return promise;
}

async function page(path: string): Promise<readonly [number, string]> {
  const answer = await fetch(`http://127.0.0.1:${running?.healthPort}${path}`);
  return [answer.status, await answer.text()];
}

const allowed = { okResponse: {} };
const unavailable = { status: { code: 14 }, deniedResponse: { status: { code: 503 } } };
const soon = { timeout: 20_000 };

test("on a socket: no bundle, a good one, a bad one, another, each said by health and metrics", {
  timeout: 120_000,
}, async () => {
  const path = join(folder, "socket");
  await start({ kind: "unix", path });
  expect(statSync(path).mode & 0o777).toBe(0o660);
  const answer = () => ask(`unix:${path}`, credentials.createInsecure());
  await expect.poll(answer, soon).toMatchObject(unavailable);
  await expect
    .poll(() => page("/readyz"), soon)
    .toEqual([503, expect.stringContaining("there is no good bundle: ENOENT")]);

  put(await tinyBundle({ revision: "r1" }));
  await expect.poll(() => page("/readyz"), soon).toEqual([200, "ok\n"]);
  await expect.poll(answer, soon).toMatchObject(allowed);

  put(Buffer.from("no bundle"));
  const refused = "ok, but the newest bundle is refused: it is not a whole gzip file\n";
  await expect.poll(() => page("/readyz"), soon).toEqual([200, refused]);
  await expect.poll(answer, soon).toMatchObject(allowed);
  const [, metrics] = await page("/metrics");
  expect(metrics).toContain("nephele_authorization_bundle_refused 1");
  expect(metrics).toContain('nephele_authorization_bundle_info{revision="r1"} 1');
  for (const outcome of ["allowed", "failed"]) {
    expect(metrics).toMatch(new RegExp(`nephele_authorization_decisions_total{outcome="${outcome}"} [1-9]`));
  }
  expect(metrics).toMatch(/nephele_authorization_decision_seconds_count [1-9]/);

  put(await tinyBundle({ revision: "r2", resultSet: [{ result: false }] }));
  await expect.poll(() => page("/readyz"), soon).toEqual([200, "ok\n"]);
  await expect.poll(answer, soon).toMatchObject({ status: { code: 7 }, deniedResponse: { status: { code: 403 } } });
  expect((await page("/metrics"))[1]).toContain('bundle_info{revision="r2"} 1');
});

test("a socket that an earlier process left is taken over", { timeout: 120_000 }, async () => {
  const path = join(folder, "socket");
  const earlier = createServer().listen(path);
  await once(earlier, "listening");
  // Who closes takes its socket away; who is killed does not.
  renameSync(path, `${path}.kept`);
  earlier.close();
  await once(earlier, "close");
  renameSync(`${path}.kept`, path);
  put(await tinyBundle());
  await start({ kind: "unix", path });
  await expect.poll(() => ask(`unix:${path}`, credentials.createInsecure()), soon).toMatchObject(allowed);
});

test("the program ends with 1 and says why where an address cannot be had; nothing stays open", {
  timeout: 120_000,
}, async () => {
  put(await tinyBundle());
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  const attempts = [
    { listen: join(folder, "missing/socket"), health: 0, why: /missing\/socket/ },
    { listen: join(folder, "socket"), health: port, why: /EADDRINUSE/ },
  ];
  for (const { listen, health, why } of attempts) {
    const main = join(import.meta.dirname, "../main.ts");
    const args = ["--bundle", join(folder, "bundle"), "--listen", `unix:${listen}`];
    const child = spawn(process.execPath, [main, ...args, "--health-address", `127.0.0.1:${health}`], {
      stdio: ["ignore", "pipe", "inherit"],
      timeout: 60_000,
    });
    const said = text(child.stdout);
    expect(await once(child, "exit")).toEqual([1, null]);
    expect(await said).toMatch(/"authorization ends"/);
    expect(await said).toMatch(why);
  }
  taken.close();
});

/** Shows a leaf of an authority that is the trust domain's. */
async function identityOf(id: string | undefined, by: Certified): Promise<Identity> {
  const leaf = await certify("leaf", by, { uris: [id ?? ""] });
  const bundles = new Map([[trustDomain("d.test"), [by.certificate]]]);
  const key = KeyObject.from(leaf.keys.privateKey);
  return {
    svid: { id: spiffeId(id ?? ""), chain: [leaf.certificate], key, hint: "" },
    bundles,
    verify: (chain) => verifySvid(chain, bundles, new Date()),
    onChange: () => () => undefined,
  };
}

test("by mutual TLS who is named may ask; a stranger, a foreign authority and clear text may not", {
  timeout: 120_000,
}, async () => {
  if (own === undefined || proxy === undefined || stranger === undefined) throw new Error("never");
  const home = await certify("home", undefined, { isAuthority: true });
  const abroad = await certify("abroad", undefined, { isAuthority: true });
  put(await tinyBundle());
  const listen: Listen = { kind: "mtls", host: "127.0.0.1", port: 0, workloadApi: "", callers: [proxy] };
  const { port } = await start(listen, await identityOf(own, home));
  await expect.poll(() => page("/readyz"), soon).toEqual([200, "ok\n"]);
  const address = `127.0.0.1:${port}`;
  const by = async (id: string, authority: Certified) =>
    ask(address, new SvidChannelCredentials(await identityOf(id, authority), exactly(own)));
  await expect.poll(() => by(proxy, home), soon).toMatchObject(allowed);
  expect(await by(stranger, home)).toBe(14);
  expect(await by(proxy, abroad)).toBe(14);
  expect(await ask(address, credentials.createInsecure())).toBe(14);
  expect(lines.join("")).toContain(`${stranger} is not one that may be spoken to here`);
  expect((await page("/metrics"))[1]).toMatch(/connections_refused_total [1-9]/);
});
