import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { Agent } from "undici";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { spiffeId } from "#spiffe/spiffe-id.ts";
import { type Authority, openPki } from "../e2e/cluster/pki.ts";
import { freePort } from "../e2e/cluster/ports.ts";
import { type Asked, MeshBed, soon } from "../e2e/envoy/mesh-bed.ts";
import type { HttpChain, ListenerTls, Mesh, ProxyClass } from "./mesh/mesh.ts";
import type { UpstreamTls } from "./mesh/service.ts";
import { httpChain, listenerOn, meshOf, proxyOf, ruleTo, serviceAt } from "./mesh-fixtures.ts";

const web = spiffeId("spiffe://mesh.test/ns/web/sa/web");
const api = spiffeId("spiffe://mesh.test/ns/api/sa/api");
const other = spiffeId("spiffe://mesh.test/ns/other/sa/other");

let bed: MeshBed;
let folder: string;
let authority: Authority;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "mesh-identity-"));
  authority = await openPki(join(folder, "ca")).authority("ca", "mesh.test");
  bed = await MeshBed.open();
});
afterEach(async () => {
  const { rejected } = bed;
  await bed.close();
  rmSync(folder, { recursive: true, force: true });
  expect(rejected).toEqual([]);
});

/** The files of an identity, as a volume gives them. */
async function identity(name: string, id: string): Promise<NonNullable<ProxyClass["identity"]>> {
  const own = join(folder, name);
  mkdirSync(own);
  const { certificate, key } = await authority.issue({ commonName: name, uris: [id] });
  for (const [file, text] of [
    ["svid.pem", certificate],
    ["svid-key.pem", key],
    ["bundle.pem", authority.certificate],
  ] as const) {
    writeFileSync(join(own, file), text);
  }
  return { id: spiffeId(id), source: { kind: "files", folder: own } };
}

/** A client with a certificate of its own. */
async function client(id: string | undefined, by: Authority = authority, more: object = {}): Promise<Agent> {
  const pair = id === undefined ? undefined : await by.issue({ commonName: "client", uris: [id] });
  const made = new Agent({
    connections: 1,
    connect: { rejectUnauthorized: false, ...(pair && { cert: pair.certificate, key: pair.key }), ...more },
  });
  bed.onClose(() => made.destroy());
  return made;
}

interface Hop {
  readonly inbound: number;
  readonly outbound: number;
  readonly mesh: (changes?: { denied?: readonly string[]; serverIs?: string; tls?: "mesh" | "none" }) => Mesh;
}

/** `web` calls `api` through both their sidecars: clear text on loopback, mutual TLS between. */
async function hop(webIs: string = web): Promise<Hop> {
  const [inbound, outbound, app] = [await freePort(), await freePort(), await bed.backend("app")];
  const [ofWeb, ofApi] = [await identity("web", webIs), await identity("api", api)];
  const mesh: Hop["mesh"] = ({ denied = [], serverIs = api, tls = "mesh" } = {}) => {
    const [down, up]: [ListenerTls, UpstreamTls] =
      tls === "none"
        ? [{ kind: "none" }, { kind: "none" }]
        : [{ kind: "mesh" }, { kind: "mesh", identities: [spiffeId(serverIs)] }];
    const chain: HttpChain = httpChain([{ hostname: "*", rules: [ruleTo("/", "app")] }], {
      tls: down,
      policies: { access: { enforced: tls === "none" ? "everyone" : [{ name: "web", callers: [web] }] } },
    });
    const proxies = [
      proxyOf("api", [{ name: "inbound", address: "127.0.0.1", port: inbound, chains: [chain] }], { identity: ofApi }),
      proxyOf("web", [listenerOn(outbound, [ruleTo("/", "api")])], { identity: ofWeb }),
    ];
    return meshOf(
      proxies,
      [serviceAt("app", [app.port]), serviceAt("api", [inbound], { protocol: "http2", tls: up })],
      denied,
    );
  };
  return { inbound, outbound, mesh };
}

const forged = { "x-forwarded-client-cert": `URI=${other}`, "x-roles": "admin" };

describe("between two sidecars", () => {
  test("who calls is known by its SVID, whatever it says; another identity, none, and clear text are refused", async () => {
    const { inbound, outbound, mesh } = await hop();
    bed.set(mesh());
    const server = await bed.envoy("api");
    await bed.envoy("web");
    await expect.poll(() => bed.status(outbound, "/"), soon).toBe(200);
    const { echo } = await bed.ask(outbound, "/", { headers: forged });
    expect(echo?.headers["x-forwarded-client-cert"]).toMatch(new RegExp(`^By=${api};Hash=[0-9a-f]{64};URI=${web}$`));
    expect(echo?.headers["x-roles"]).toBeUndefined();

    const direct = async (via: Agent, scheme: "https" | "http" = "https") => bed.status(inbound, "/", { via, scheme });
    expect(await direct(await client(web))).toBe(200);
    expect(await direct(await client(other))).toBe(403);
    const stranger = await openPki(join(folder, "stranger")).authority("ca", "mesh.test");
    expect(await direct(await client(web, stranger))).toBe(0);
    expect(await direct(await client("spiffe://elsewhere.test/ns/web/sa/web"))).toBe(0);
    expect(await direct(await client(undefined))).toBe(0);
    expect(await direct(await client(web, authority, { maxVersion: "TLSv1.2" }))).toBe(0);
    expect(await direct(await client(undefined), "http")).toBe(0);
    expect(await server.stat(`listener.127.0.0.1_${inbound}.ssl.fail_verify_san`)).toBe(1);
  });

  test("a server with another identity than it should have is not called", async () => {
    const { outbound, mesh } = await hop();
    bed.set(mesh({ serverIs: other }));
    await bed.envoy("api");
    const proxy = await bed.envoy("web");
    await expect.poll(() => bed.status(outbound, "/"), soon).toBe(503);
    expect(await proxy.stat("cluster.api.ssl.fail_verify_san")).toBeGreaterThan(0);
    bed.set(mesh());
    await expect.poll(() => bed.status(outbound, "/"), soon).toBe(200);
  });

  test("an identity that is denied is refused on open connections, and not called; the rest goes on", async () => {
    const { inbound, outbound, mesh } = await hop();
    bed.set(mesh());
    await bed.envoy("api");
    await bed.envoy("web");
    const asked: Asked = { via: await client(web), scheme: "https" };
    await expect.poll(() => bed.status(inbound, "/", asked), soon).toBe(200);
    await expect.poll(() => bed.status(outbound, "/"), soon).toBe(200);

    const since = performance.now();
    bed.set(mesh({ denied: [web] }));
    await expect.poll(() => bed.status(inbound, "/", asked), soon).toBe(403);
    expect(performance.now() - since).toBeLessThan(10_000);
    await expect.poll(() => bed.status(outbound, "/"), soon).toBe(403);

    bed.set(mesh({ denied: [api] }));
    await expect.poll(() => bed.status(inbound, "/", asked), soon).toBe(200);
    await expect.poll(() => bed.status(outbound, "/"), soon).toBe(503);
    bed.set(mesh());
    await expect.poll(() => bed.status(outbound, "/"), soon).toBe(200);
  });

  test("a certificate that was renewed in its folder is shown, without a lost request", async () => {
    const { inbound, outbound, mesh } = await hop();
    bed.set(mesh());
    const server = await bed.envoy("api");
    await bed.envoy("web");
    await expect.poll(() => bed.status(outbound, "/"), soon).toBe(200);
    const shown = async (): Promise<string> =>
      new Promise((resolve, reject) => {
        void authority.issue({ commonName: "client", uris: [web] }).then(({ certificate: cert, key }) => {
          const socket = connect({ host: "127.0.0.1", port: inbound, cert, key, rejectUnauthorized: false }, () => {
            resolve(socket.getPeerCertificate().serialNumber);
            socket.destroy();
          });
          socket.once("error", reject);
        });
      });
    const before = await shown();
    const { certificate, key } = await authority.issue({ commonName: "api", uris: [api] });
    // As a volume renews its files: new ones beside them, moved into their places.
    for (const [file, text] of [
      ["svid.pem", certificate],
      ["svid-key.pem", key],
    ] as const) {
      writeFileSync(join(folder, `new-${file}`), text);
      renameSync(join(folder, `new-${file}`), join(folder, "api", file));
    }
    const statuses = new Set<number>();
    await expect
      .poll(async () => {
        statuses.add(await bed.status(outbound, "/"));
        return (await shown()) !== before;
      }, soon)
      .toBe(true);
    expect([...statuses]).toEqual([200]);
    expect(await server.stat("listener_manager.listener_modified")).toBe(0);
  });

  test("control: without mutual TLS everybody is let in", async () => {
    const { inbound, mesh } = await hop(other);
    bed.set(mesh({ tls: "none" }));
    await bed.envoy("api");
    await expect.poll(() => bed.status(inbound, "/", { headers: forged }), soon).toBe(200);
  });
});
