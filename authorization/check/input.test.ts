import { expect, test } from "vitest";
import { messageType } from "../../xds-control-plane/proto/descriptors.ts";
import { readRequest, UnreadableRequest } from "./input.ts";
import type { Plain } from "./struct.ts";

const caller = "spiffe://mesh.test/ns/a/sa/web";

/** As it comes over the wire. */
function received(request: Plain): Plain {
  const type = messageType("envoy.service.auth.v3.CheckRequest");
  const bytes = type.encode(type.fromObject({ ...request })).finish();
  return type.toObject(type.decode(bytes), { enums: String, longs: String, bytes: String });
}

function asked(path: string, more: Plain = {}): Plain {
  return received({ attributes: { request: { http: { method: "GET", path, ...more } } } });
}

const struct = (fields: Plain): Plain => ({ structValue: { fields } });
const text = (stringValue: string): Plain => ({ stringValue });

test("a policy gets what opa-envoy-plugin gives, the caller, and the claims of checked tokens", () => {
  const claims = struct({
    sub: text("u1"),
    exp: { numberValue: 1_800_000_000 },
    roles: { listValue: { values: [text("reader"), { boolValue: true }, { nullValue: 0 }] } },
    deep: struct({ a: text("b") }),
  });
  const { input, ...rest } = readRequest(
    received({
      attributes: {
        source: { address: { socketAddress: { address: "10.0.0.1", portValue: 4_000 } }, principal: caller },
        destination: { address: { socketAddress: { address: "10.0.0.2", portValue: 443 } } },
        request: {
          time: { seconds: 1_800_000_000, nanos: 5_000_000 },
          http: {
            id: "7",
            method: "POST",
            path: "/v3/a%20b/c?x=1&x=2&y=a%26b&z#f",
            host: "example.test",
            scheme: "https",
            protocol: "HTTP/2",
            size: -1,
            headers: { "x-auth-token": "secret", ":path": "/v3" },
          },
        },
        metadataContext: {
          filterMetadata: {
            "envoy.filters.http.jwt_authn": { fields: { keystone: claims, "!failed": struct({ code: text("x") }) } },
          },
        },
      },
    }),
  );
  expect(rest).toEqual({ caller, method: "POST", path: "/v3/a%20b/c" });
  const known = { sub: "u1", exp: 1_800_000_000, roles: ["reader", true, null], deep: { a: "b" } };
  const parsed = JSON.parse(input) as Plain;
  expect(parsed).toMatchObject({
    attributes: {
      source: { address: { socketAddress: { address: "10.0.0.1", portValue: 4_000 } }, principal: caller },
      request: {
        time: "2027-01-15T08:00:00.005Z",
        http: { method: "POST", size: "-1", scheme: "https", headers: { "x-auth-token": "secret" } },
      },
    },
    parsed_path: ["v3", "a b", "c"],
    parsed_query: { x: ["1", "2"], y: ["a&b"], z: [""] },
    version: { ext_authz: "v3", encoding: "protojson" },
    caller,
  });
  expect(parsed["claims"]).toEqual({ keystone: known });
  expect(parsed).toMatchObject({
    attributes: {
      metadataContext: { filterMetadata: { "envoy.filters.http.jwt_authn": { keystone: { sub: "u1" } } } },
    },
  });
});

test("who shows no SPIFFE ID is nobody, whatever its certificate says", () => {
  for (const principal of ["", "CN=spiffe", "spiffe://mesh.test", "spiffe://mesh.test/a/../b", `${caller},${caller}`]) {
    const { caller: found, input } = readRequest(
      received({ attributes: { source: { principal }, request: { http: { method: "GET", path: "/" } } } }),
    );
    expect([found, "caller" in (JSON.parse(input) as Plain)], principal).toEqual([undefined, false]);
  }
});

test.each([
  ["/", [""]],
  ["//a", ["a"]],
  ["/a/", ["a", ""]],
  ["/public%2fx", ["public/x"]],
  ["/a?b/c", ["a"]],
  ["/a#b/c", ["a"]],
  ["/%C3%A9", ["é"]],
])("the path %s is %j", (path, parts) => {
  expect(JSON.parse(readRequest(asked(path)).input)).toMatchObject({ parsed_path: parts });
});

test("names that a caller chooses are names, and nothing else", () => {
  const { input } = readRequest(asked("/?__proto__=1&constructor=2"));
  expect(input).toContain('"parsed_query":{"__proto__":["1"],"constructor":["2"]}');
});

test("no policy is asked about what has no method or path, or escapes that are no text", () => {
  const requests = [{}, asked(""), asked("a"), asked("*"), asked("/", { method: "" }), asked("/%ff"), asked("/%")];
  for (const request of requests) expect(() => readRequest(request)).toThrow(UnreadableRequest);
});
