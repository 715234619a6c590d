import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "undici";
import { beforeAll, expect, test } from "vitest";
import { createLogger } from "#runtime/observe/log.ts";
import type { EchoBackend } from "../e2e/envoy/echo.ts";
import { type Asked, type MeshBed, soon } from "../e2e/envoy/mesh-bed.ts";
import { meshOfEachTest } from "../e2e/envoy/mesh-of-each-test.ts";
import { keystoneCheck, signedToken, tokenKeys } from "../xds-control-plane/keystone-tokens.ts";
import type { HttpPolicies, ProxyClass } from "../xds-control-plane/mesh/mesh.ts";
import { everyone, httpChain, meshOf, proxyOf, ruleTo, serviceAt } from "../xds-control-plane/mesh-fixtures.ts";
import { startProgram } from "./program/program.ts";
import { AuthorizationProcess } from "./testing/authorization-process.ts";
import { idOf, openTestAuthority, type TestAuthority } from "./testing/identities.ts";
import { opaBuild } from "./testing/opa-build.ts";

/** Rego, compiled by OPA, decides for a real Envoy. */

const entrypoint = "nephele/authz/decision";
const canary = "canary-51c0";
const rego = `package nephele.authz

default decision := {"allowed": false, "reason": "nobody may"}

decision := {"allowed": true, "reason": "everybody may read", "headers": {"x-policy": data.note}} if {
  input.parsed_path[0] == "public"
  input.attributes.request.http.method == "GET"
}

decision := {"allowed": false, "http_status": 404, "reason": "no checked token", "body": "log in", "headers": {"x-hint": "members"}} if {
  input.parsed_path[0] == "members"
  not input.claims.keystone
}

decision := {"allowed": true, "reason": sprintf("%s is one of them", [input.claims.keystone.sub])} if {
  input.parsed_path[0] == "members"
  input.claims.keystone.sub in data.members
}

decision := {"allowed": true, "reason": "by its identity"} if {
  input.parsed_path[0] == "workloads"
  input.caller == "spiffe://mesh.test/ns/web/sa/web"
}

decision := {"allowed": "yes"} if input.parsed_path[0] == "malformed"

decision := {"allowed": true} if {
  input.parsed_path[0] == "throws"
  count(regex.split(concat("", ["(", input.attributes.request.http.headers["x-auth-token"]]), "a")) > 0
}

decision := {"allowed": true} if {
  input.parsed_path[0] == "slow"
  some a in numbers.range(1, 5000)
  some b in numbers.range(1, 5000)
  a * b == -1
}

decision := {"allowed": true} if {
  input.parsed_path[0] == "large"
  count(numbers.range(1, 100000000)) > 0
}
`;

let bed: MeshBed;
let web: EchoBackend;
let port: number;
meshOfEachTest((own) => {
  ({ bed, web, port } = own);
});

let policy: Uint8Array;
beforeAll(async () => {
  policy = await opaBuild({ rego, entrypoint, revision: "r1", data: { note: "v1", members: ["u1"] } });
}, 300_000);

const keys = tokenKeys();
const token = (sub: string): Asked => ({ headers: { "x-auth-token": signedToken(keys, { sub }) } });

async function started(packed = policy): Promise<AuthorizationProcess> {
  const service = await AuthorizationProcess.start(packed);
  bed.onClose(() => service.remove());
  return service;
}

const policies: HttpPolicies = {
  ...everyone,
  jwt: keystoneCheck(keys),
  externalAuthorization: { service: "authorization", timeoutMs: 2_000 },
};

/** Has an Envoy ask the service, or nobody. */
function put(service: AuthorizationProcess, how: HttpPolicies = policies, identity?: ProxyClass["identity"]): void {
  const rules = [
    ruleTo("/", "web"),
    ruleTo("/unasked", "web", { overrides: how.externalAuthorization ? { externalAuthorization: false } : {} }),
  ];
  const chain = httpChain([{ hostname: "*", rules }], { policies: how, ...(identity && { tls: { kind: "mesh" } }) });
  const listener = { name: "in", address: "127.0.0.1", port, chains: [chain] };
  const authorization = {
    ...serviceAt("authorization", [], { protocol: "http2" }),
    endpoints: [{ address: service.socket, port: 0 }],
  };
  bed.set(
    meshOf([proxyOf("edge", [listener], identity && { identity })], [serviceAt("web", [web.port]), authorization]),
  );
}

async function serve(service: AuthorizationProcess): Promise<void> {
  put(service);
  await bed.envoy("edge");
  await expect.poll(() => bed.status(port, "/unasked"), soon).toBe(200);
  await expect.poll(() => bed.status(port, "/public"), soon).toBe(200);
}

test("who is allowed goes on with the policy's headers, who is not is told so, each with its reason on record; control: without the filter all go on", async () => {
  const service = await started();
  await serve(service);
  const forged = { headers: { "x-policy": "forged" } };
  const allowed = await bed.ask(port, `/public/a?token=${canary}`, forged);
  expect([allowed.status, allowed.echo?.headers["x-policy"]]).toEqual([200, "v1"]);
  await expect
    .poll(() => service.decisions()[0], soon)
    .toMatchObject({
      revision: "r1",
      method: "GET",
      path: "/public/a",
      allowed: true,
      reason: "everybody may read",
    });

  const refused = await bed.ask(port, "/members");
  expect([refused.status, refused.body, refused.headers["x-hint"]]).toEqual([404, "log in", "members"]);
  await expect.poll(() => service.decisions()[0], soon).toMatchObject({ status: 404, reason: "no checked token" });
  expect(await bed.status(port, "/members", token("u1"))).toBe(200);
  await expect.poll(() => service.decisions()[0], soon).toMatchObject({ reason: "u1 is one of them" });
  expect(await bed.status(port, "/members", token("u2"))).toBe(403);
  await expect.poll(() => service.decisions()[0], soon).toMatchObject({ allowed: false, reason: "nobody may" });
  expect(await bed.status(port, "/public", { method: "POST", body: canary })).toBe(403);
  expect(await bed.status(port, "/other", { headers: { authorization: canary, cookie: canary } })).toBe(403);

  const { externalAuthorization: _, ...without } = policies;
  put(service, without);
  // Connections that are open ask until they end, and of these some are refused: who is to be asked is gone already.
  await expect.poll(() => bed.status(port, "/other"), soon).toBe(200);
  await expect.poll(() => bed.status(port, "/members", token("u2")), soon).toBe(200);
  expect(service.log).not.toContain(canary);
  expect(await service.stop()).toBe(0);
});

test("a decision that is none, that fails, or that takes too much time or memory is 503, and the next is right", async () => {
  const service = await started();
  await serve(service);
  const secret = { headers: { "x-auth-token": signedToken(keys, { sub: "u1" }) } };
  for (const [path, reason] of [
    ["/malformed", "the decision's allowed is not a boolean"],
    ["/throws", "SyntaxError in a built-in function"],
    ["/slow", "no decision within 500 ms"],
    ["/large", expect.stringMatching(/no decision within 500 ms|opa_malloc|memory/)],
  ] as const) {
    expect([path, await bed.status(port, path, secret)]).toEqual([path, 503]);
    await expect.poll(() => service.decisions()[0], soon).toMatchObject({ path, allowed: false, status: 503, reason });
    expect(await bed.status(port, "/public")).toBe(200);
  }
  expect(service.log).not.toContain(secret.headers["x-auth-token"]);
});

test("a bundle is exchanged while requests go on, a bad one is not taken; without the service requests are refused", async () => {
  const service = await started();
  await serve(service);
  const answers = new Map<number, number>();
  let isOver = false;
  const load = (async () => {
    while (!isOver) {
      const status = await bed.status(port, "/public");
      answers.set(status, (answers.get(status) ?? 0) + 1);
    }
  })();
  service.put(await opaBuild({ rego, entrypoint, revision: "r2", data: { note: "v2", members: ["u2"] } }));
  const note = async () => (await bed.ask(port, "/public")).echo?.headers["x-policy"];
  await expect.poll(note, soon).toBe("v2");
  expect(await bed.status(port, "/members", token("u1"))).toBe(403);
  expect(await bed.status(port, "/members", token("u2"))).toBe(200);

  const needsMore =
    'package nephele.authz\n\ndecision if http.send({"method": "GET", "url": "http://example.test"}).status_code == 200\n';
  service.put(await opaBuild({ rego: needsMore, entrypoint, revision: "r3" }));
  await expect.poll(() => service.health(), soon).toMatch(/^ok, but the newest bundle is refused: .*http\.send/);
  expect(await note()).toBe("v2");
  isOver = true;
  await load;
  expect([...answers.keys()]).toEqual([200]);
  expect(answers.get(200)).toBeGreaterThan(10);

  await service.stop("SIGKILL");
  expect(await bed.status(port, "/public")).toBe(503);
  expect(await bed.status(port, "/unasked")).toBe(200);
  service.put(policy);
  await service.run();
  await expect.poll(() => bed.status(port, "/public"), soon).toBe(200);
});

async function authorityOfTest(): Promise<TestAuthority> {
  const authority = await openTestAuthority();
  bed.onClose(() => Promise.resolve(authority.remove()));
  return authority;
}

test("a proxy asks by mutual TLS where it is named; control: one that is not is refused, and so are its requests", async () => {
  const authority = await authorityOfTest();
  const edge = await authority.files("edge");
  const stop = new AbortController();
  const folder = mkdtempSync(join(tmpdir(), "authorization-bundle-"));
  writeFileSync(join(folder, "bundle"), policy);
  const log = createLogger({ level: "error", destination: { write: () => undefined } });
  const services = await Promise.all(
    ["edge", "other"].map(async (caller) => {
      const { port: at, ended } = await startProgram(
        {
          bundle: join(folder, "bundle"),
          listen: { kind: "mtls", host: "127.0.0.1", port: 0, workloadApi: "", callers: [idOf(caller)] },
          health: { host: "127.0.0.1", port: 0 },
          log,
          identity: await authority.identity("authorization"),
        },
        stop.signal,
      );
      bed.onClose(() => ended);
      const tls = { kind: "mesh" as const, identities: [idOf("authorization")] };
      return serviceAt(`for-${caller}`, [at], { protocol: "http2", tls });
    }),
  );
  bed.onClose(() => Promise.resolve(stop.abort()));
  const rules = services.map(({ name }) =>
    ruleTo(`/public/${name}`, "web", { overrides: { externalAuthorization: { service: name, timeoutMs: 2_000 } } }),
  );
  const chain = httpChain([{ hostname: "*", rules: [...rules, ruleTo("/", "web")] }]);
  const listener = { name: "in", address: "127.0.0.1", port, chains: [chain] };
  bed.set(meshOf([proxyOf("edge", [listener], { identity: edge })], [serviceAt("web", [web.port]), ...services]));
  await bed.envoy("edge");
  await expect.poll(() => bed.status(port, "/public/for-edge"), soon).toBe(200);
  expect(await bed.status(port, "/public/for-other")).toBe(503);
  expect(await bed.status(port, "/")).toBe(200);
  rmSync(folder, { recursive: true });
});

test("a caller is who its certificate says; control: another one's, with the same words in its headers, is refused", async () => {
  const authority = await authorityOfTest();
  const service = await started();
  put(service, policies, await authority.files("edge"));
  await bed.envoy("edge");
  const by = async (name: string): Promise<Asked> => {
    const pair = await authority.issue(name);
    const via = new Agent({
      connections: 1,
      connect: { rejectUnauthorized: false, cert: pair.certificate, key: pair.key },
    });
    bed.onClose(() => via.destroy());
    const forged = { "x-forwarded-client-cert": "URI=spiffe://mesh.test/ns/web/sa/web" };
    return { scheme: "https", via, headers: forged };
  };
  const [ofWeb, ofOther] = [await by("web"), await by("other")];
  await expect.poll(() => bed.status(port, "/workloads", ofWeb), soon).toBe(200);
  await expect
    .poll(() => service.decisions()[0], soon)
    .toMatchObject({
      caller: "spiffe://mesh.test/ns/web/sa/web",
      reason: "by its identity",
    });
  expect(await bed.status(port, "/workloads", ofOther)).toBe(403);
  await expect
    .poll(() => service.decisions()[0], soon)
    .toMatchObject({ caller: "spiffe://mesh.test/ns/other/sa/other" });
});
