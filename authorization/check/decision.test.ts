import { expect, test } from "vitest";
import { messageType } from "../../xds-control-plane/proto/descriptors.ts";
import { judge } from "./decision.ts";
import { responseOf } from "./response.ts";

function judged(...results: readonly unknown[]) {
  return judge({ kind: "result", resultSet: results.map((result) => ({ result })) });
}

const refused = { kind: "denied", reason: undefined, status: 403, headers: new Map(), body: "" };

test("a boolean decides", () => {
  expect(judged(true)).toEqual({ kind: "allowed", reason: undefined, headers: new Map() });
  expect(judged(false)).toEqual(refused);
});

test("an object decides with a reason, a status, headers and a body", () => {
  const headers = { "X-Policy": "v1" };
  expect(judged({ allowed: true, headers, http_status: 200, body: "not sent", reason: "member" })).toEqual({
    kind: "allowed",
    reason: "member",
    headers: new Map([["x-policy", "v1"]]),
  });
  expect(judged({ allowed: false })).toEqual(refused);
  expect(judged({ allowed: false, headers, http_status: 401, body: "log in", reason: "no token" })).toEqual({
    kind: "denied",
    reason: "no token",
    status: 401,
    headers: new Map([["x-policy", "v1"]]),
    body: "log in",
  });
});

test("nothing, where the policy says nothing, is a refusal", () => {
  const reason = "the policy decides nothing for such a request";
  expect(judged()).toEqual({ ...refused, reason });
});

test.each<readonly [unknown, string]>([
  ["true", "a string"],
  [1, "a number"],
  [null, "null"],
  [[true], "an array"],
  [undefined, "a undefined"],
  [{}, "allowed is not a boolean"],
  [{ allowed: "true" }, "allowed is not a boolean"],
  [{ allowed: 1 }, "allowed is not a boolean"],
  [{ alowed: true, allowed: true }, '"alowed"'],
  [{ allowed: true, dynamic_metadata: {} }, '"dynamic_metadata"'],
  [{ allowed: true, __proto__: null, constructor: 1 }, '"constructor"'],
  [{ allowed: true, reason: 1 }, "reason is not a text"],
  [{ allowed: false, reason: "x".repeat(1_025) }, "reason is not a text"],
  [{ allowed: false, body: {} }, "body is not a text"],
  [{ allowed: false, body: "x".repeat(65_537) }, "body is not a text"],
  [{ allowed: true, http_status: 403 }, "http_status does not go with allowed: true"],
  [{ allowed: false, http_status: 200 }, "http_status does not go with allowed: false"],
  [{ allowed: false, http_status: 299 }, "http_status"],
  [{ allowed: false, http_status: "403" }, "http_status"],
  [{ allowed: false, http_status: 403.5 }, "http_status"],
  [{ allowed: false, http_status: 999 }, "http_status"],
  [{ allowed: true, headers: [] }, "headers are not an object"],
  [{ allowed: true, headers: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`a${i}`, ""])) }, "more than 32"],
  [{ allowed: true, headers: { a: 1 } }, 'header "a" is not a text'],
  [{ allowed: true, headers: { a: ["b"] } }, 'header "a" is not a text'],
  [{ allowed: true, headers: { a: "x".repeat(8_193) } }, 'header "a" is not a text'],
  [{ allowed: true, headers: { a: "b\r\nc: d" } }, 'header "a" has characters'],
  [{ allowed: true, headers: { a: "é" } }, 'header "a" has characters'],
  [{ allowed: true, headers: { "a b": "" } }, "is no name"],
  [{ allowed: true, headers: { ":path": "/admin" } }, "is no name"],
  [{ allowed: true, headers: { "": "" } }, "is no name"],
  [{ allowed: true, headers: { under_score: "" } }, "is no name"],
  [{ allowed: true, headers: { Host: "x" } }, "is not the policy's to set"],
  [{ allowed: true, headers: { "transfer-encoding": "chunked" } }, "is not the policy's to set"],
  [{ allowed: true, headers: { "content-length": "1" } }, "is not the policy's to set"],
  [{ allowed: true, headers: { "X-Roles": "admin" } }, "says who calls"],
  [{ allowed: true, headers: { "x-project-id": "1" } }, "says who calls"],
  ...[
    "Forwarded",
    ...["client-cert", "for", "host", "port", "prefix", "server", "proto"].map((of) => `X-Forwarded-${of}`),
  ].map((name) => [{ allowed: true, headers: { [name]: "x" } }, "is not the policy's to set"] as const),
  ...["X-Auth-Token", "x-subject-token", "Authorization"].map(
    (name) => [{ allowed: true, headers: { [name]: "x" } }, "says who calls"] as const,
  ),
  [{ allowed: true, headers: { "x-policy": "one", "X-Policy": "two" } }, "equal but for case"],
  [{ allowed: true, headers: { "x-envoy-retry-on": "5xx" } }, "says who calls"],
])("%j is no decision: refused with 503, and why", (result, why) => {
  const verdict = judged(result);
  expect(verdict).toEqual({ kind: "failed", reason: expect.stringContaining(why) });
  expect(responseOf(verdict)).toMatchObject({ status: { code: 14 }, deniedResponse: { status: { code: 503 } } });
});

test("what is no result set, and what failed, is refused", () => {
  for (const resultSet of [undefined, null, {}, "x", [{ result: true }, { result: true }], [true], [null]]) {
    expect(judge({ kind: "result", resultSet }), JSON.stringify(resultSet)).toMatchObject({ kind: "failed" });
  }
  expect(judge({ kind: "failed", why: "unreachable" })).toEqual({ kind: "failed", reason: "unreachable" });
});

test("each status of a refusal is one of Envoy's API, and is sent; control: others are none", () => {
  const codes = messageType("envoy.type.v3.HttpStatus").root.lookupEnum("envoy.type.v3.StatusCode").valuesById;
  const taken = Array.from({ length: 600 }, (_, status) => status).filter(
    (status) => judged({ allowed: false, http_status: status }).kind === "denied",
  );
  expect(taken.length).toBeGreaterThan(40);
  expect(taken.filter((status) => codes[status] === undefined)).toEqual([]);
  expect(codes[418]).toBeUndefined();
  expect(taken.filter((status) => status < 300)).toEqual([]);
  const type = messageType("envoy.service.auth.v3.CheckResponse");
  const denial = responseOf(
    judged({ allowed: false, http_status: 401, headers: { "www-authenticate": "Bearer" }, body: "x" }),
  );
  const sent = type.toObject(type.decode(type.encode(type.fromObject({ ...denial })).finish()), { enums: String });
  expect(sent).toMatchObject({
    status: { code: 7 },
    deniedResponse: {
      status: { code: "Unauthorized" },
      headers: [{ header: { key: "www-authenticate", value: "Bearer" }, appendAction: "OVERWRITE_IF_EXISTS_OR_ADD" }],
      body: "x",
    },
  });
});
