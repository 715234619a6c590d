import { describe, expect, test } from "vitest";
import type { EchoBackend } from "../e2e/envoy/echo.ts";
import type { Envoy } from "../e2e/envoy/envoy.ts";
import { type Asked, type MeshBed, soon } from "../e2e/envoy/mesh-bed.ts";
import { meshOfEachTest } from "../e2e/envoy/mesh-of-each-test.ts";
import { jwksOf, signedToken, type TokenKeys, tokenKeys } from "./keystone-tokens.ts";
import type { JwtCheck } from "./mesh/policy.ts";
import type { HttpRule } from "./mesh/route.ts";
import { everyone, listenerOn, meshOf, proxyOf, ruleTo, serviceAt } from "./mesh-fixtures.ts";

const challenge = 'Keystone uri="https://cloud.test/identity/v3"';

let bed: MeshBed;
let web: EchoBackend;
let port: number;
let proxy: Envoy;
meshOfEachTest((own) => {
  ({ bed, web, port } = own);
});

/** A check of the tokens of clouds, each by its own keys and for the rules that name it. */
function checkOf(clouds: Readonly<Record<string, readonly TokenKeys[]>>): JwtCheck {
  const all = Object.entries(clouds);
  return {
    providers: all.map(([name, keys]) => ({
      name,
      keys: { kind: "inline", jwks: jwksOf(...keys) },
      headers: [{ name: "x-auth-token" }],
      forward: true,
    })),
    requirements: all.map(([name]) => ({ name, providers: [name], isOptional: true, challenge })),
  };
}

function put(jwt: JwtCheck | undefined, rules: readonly HttpRule[]): void {
  const listener = listenerOn(port, [...rules, ruleTo("/", "web")], {
    ...everyone,
    ...(jwt === undefined ? {} : { jwt }),
  });
  bed.set(meshOf([proxyOf("edge", [listener], { accessLog: true })], [serviceAt("web", [web.port])]));
}

async function serve(...parts: Parameters<typeof put>): Promise<void> {
  put(...parts);
  proxy = await bed.envoy("edge");
  await expect.poll(() => bed.status(port, "/"), soon).toBe(200);
}

const cloud = (name: string): HttpRule => ruleTo(`/${name}`, "web", { overrides: { jwtRequirement: name } });
const by = (token: string): Asked => ({ headers: { "x-auth-token": token } });

/** The statuses of requests that go on, one after another, while something is done. */
async function statusesWhile(path: string, asked: () => Asked, act: () => Promise<void>): Promise<ReadonlySet<number>> {
  const seen = new Set<number>();
  let isOver = false;
  const asking = (async () => {
    while (!isOver) seen.add(await bed.status(port, path, asked()));
  })();
  await act();
  isOver = true;
  await asking;
  return seen;
}

/** Puts something, and waits until a rule that came with it serves. */
async function putAndWait(jwt: JwtCheck | undefined, rules: readonly HttpRule[], mark: string): Promise<void> {
  put(jwt, [...rules, ruleTo(`/${mark}`, "web", { action: { kind: "respond", status: 204 } })]);
  await expect.poll(() => bed.status(port, `/${mark}`), soon).toBe(204);
}

describe("real Envoy checks Keystone's tokens", () => {
  test("and refuses a bad one as Keystone does; none passes; control: without the check each passes", async () => {
    const [own, other] = [tokenKeys(), tokenKeys()];
    await serve(checkOf({ one: [own], two: [other] }), [cloud("one"), cloud("two")]);
    const good = signedToken(own, { sub: "u" });
    const [head, , signature] = good.split(".");
    const altered = [
      head,
      Buffer.from(JSON.stringify({ sub: "a", exp: 9_999_999_999 })).toString("base64url"),
      signature,
    ];
    const unsigned = [Buffer.from('{"alg":"none"}').toString("base64url"), altered[1], ""];
    const bad: Readonly<Record<string, string>> = {
      // Sixty seconds are allowed for clocks: Keystone, which has the time that counts, refuses these.
      expired: signedToken(own, {}, -90),
      altered: altered.join("."),
      "signed by a stranger": signedToken(tokenKeys()),
      "of another cloud": signedToken(other),
      unsigned: unsigned.join("."),
      "without an end": signedToken(own, { exp: undefined }),
      "a Fernet token": "gAAAAABn-no-token-of-anybody",
      nonsense: "nonsense",
    };
    for (const [what, token] of Object.entries(bad)) {
      const { status, headers, body } = await bed.ask(port, "/one", by(token));
      expect({ what, status }).toEqual({ what, status: 401 });
      expect(headers["www-authenticate"]).toBe(challenge);
      expect(headers["content-type"]).toBe("application/json");
      const message = "The request you have made requires authentication.";
      expect(JSON.parse(body)).toEqual({ error: { code: 401, message, title: "Unauthorized" } });
      expect(body).not.toContain(token);
    }
    expect(await bed.status(port, "/one", by(good))).toBe(200);
    expect(await bed.status(port, "/two", by(signedToken(other)))).toBe(200);
    expect(await bed.status(port, "/one")).toBe(200);
    expect(await bed.status(port, "/", by("nonsense"))).toBe(200);
    const { echo } = await bed.ask(port, "/one", by(good));
    expect(echo?.headers["x-auth-token"]).toBe(good);
    // Its fault is in the access log, and not the token.
    await expect.poll(() => JSON.stringify(proxy.accessLog()), soon).toContain("Jwt_is_expired");
    for (const token of [good, ...Object.values(bad)]) expect(JSON.stringify(proxy.accessLog())).not.toContain(token);

    await putAndWait(undefined, [ruleTo("/one", "web")], "unchecked");
    for (const token of Object.values(bad)) expect(await bed.status(port, "/one", by(token))).toBe(200);
  });

  test("by keys that are exchanged one after another, and refuses none of their tokens; control: keys that come too late", async () => {
    const rules = [cloud("one")];
    let [former, signing, next] = [tokenKeys(), tokenKeys(), tokenKeys()];
    await serve(checkOf({ one: [former, signing, next] }), rules);
    let asked = [former, signing].map((keys) => signedToken(keys));
    let at = 0;
    const seen = await statusesWhile(
      "/one",
      () => by(asked[at++ % asked.length] as string),
      async () => {
        for (let round = 0; round < 5; round++) {
          // As Keystone's keys rotate: the former goes when its last token has ended, the next is published before it signs.
          asked = [signedToken(signing)];
          const asks = at;
          // What was asked before with the former's token is answered.
          await expect.poll(() => at, soon).toBeGreaterThan(asks);
          const more = tokenKeys();
          await putAndWait(checkOf({ one: [signing, next, more] }), rules, `published-${round}`);
          [former, signing, next] = [signing, next, more];
          asked = [former, signing].map((keys) => signedToken(keys));
        }
      },
    );
    expect([...seen]).toEqual([200]);

    const early = tokenKeys();
    expect(await bed.status(port, "/one", by(signedToken(early)))).toBe(401);
    await putAndWait(checkOf({ one: [signing, next, early] }), rules, "late");
    expect(await bed.status(port, "/one", by(signedToken(early)))).toBe(200);
  });

  test("and goes on with open connections where keys change", async () => {
    const keys = tokenKeys();
    await serve(checkOf({ one: [keys] }), [cloud("one")]);
    const ended = async () => proxy.stat(`http.in-${port}.downstream_cx_destroy`);
    const before = await ended();
    await putAndWait(checkOf({ one: [keys, tokenKeys()] }), [cloud("one")], "more");
    expect(await bed.status(port, "/one", by(signedToken(keys)))).toBe(200);
    expect(await ended()).toBe(before);
    expect(await proxy.stat("listener_manager.listener_modified")).toBe(0);
  });

  test("and refuses nobody while checks come and go", async () => {
    const keys = tokenKeys();
    const [own, others] = [{ one: [keys] }, { one: [keys], two: [tokenKeys()] }];
    const good = by(signedToken(keys));
    await serve(checkOf(others), [cloud("one"), cloud("two")]);
    // What is asked for here is checked in every second state.
    for (const path of ["/one", "/two/x"]) {
      const anyToken = path === "/one" ? good : {};
      const seen = await statusesWhile(
        path,
        () => anyToken,
        async () => {
          for (let round = 0; round < 5; round++) {
            await putAndWait(checkOf(own), [cloud("one"), ruleTo("/two", "web")], `off-${round}`);
            await putAndWait(checkOf(others), [cloud("one"), cloud("two")], `on-${round}`);
            await putAndWait(undefined, [ruleTo("/one", "web"), ruleTo("/two", "web")], `none-${round}`);
            await putAndWait(checkOf(others), [cloud("one"), cloud("two")], `again-${round}`);
          }
        },
      );
      expect({ path, seen: [...seen] }).toEqual({ path, seen: [200] });
    }
  });
});
