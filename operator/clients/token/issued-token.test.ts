import { expect, test } from "vitest";
import type { ServiceResponse } from "../request.ts";
import { parseToken } from "./issued-token.ts";

const answer = (token: object | undefined, header: string | undefined = "secret-token"): ServiceResponse => ({
  requestId: "req",
  status: 201,
  headers: header === "" ? {} : { "x-subject-token": header },
  bytes: new Uint8Array(),
  json: () => ({ token }),
});

const whole = {
  issued_at: "2026-11-23T10:00:00.000000Z",
  expires_at: "2026-11-23T11:00:00.000000Z",
  user: { id: "u1" },
  roles: [{ id: "r", name: "admin" }],
  catalog: [{ type: "identity", endpoints: [{ interface: "public", region_id: null, url: "http://k/v3" }] }],
};

test("the whole of a scoped token is read", () => {
  expect(parseToken(answer(whole))).toEqual({
    value: "secret-token",
    lifetimeMs: 3_600_000,
    userId: "u1",
    roles: ["admin"],
    catalog: [{ serviceType: "identity", interface: "public", region: "", url: "http://k/v3" }],
  });
});

test("an unscoped token has neither roles nor catalog", () => {
  const { roles: _roles, catalog: _catalog, ...unscoped } = whole;
  expect(parseToken(answer(unscoped))).toMatchObject({ roles: [], catalog: [] });
});

test.each([
  ["the header is missing", whole, "", "X-Subject-Token"],
  ["there is no token", undefined, "t", "token"],
  ["a time is none", { ...whole, expires_at: "soon" }, "t", "expires_at"],
])("when %s, the answer cannot be understood", (_, token, header, said) => {
  expect(() => parseToken(answer(token, header))).toThrow(said);
});
