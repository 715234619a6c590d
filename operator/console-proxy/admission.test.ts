import { describe, expect, test } from "vitest";
import type { RemoteConsole, RemoteConsoleStatus } from "#operator/api/generated/remoteconsole.ts";
import { hashOf, newToken } from "#operator/console-token.ts";
import { remoteConsole, server } from "#operator/remoteconsole/fixtures.ts";
import { isMeant, judge, mayBeBehind, mayStayConnected } from "./admission.ts";

const NOW = new Date("2026-11-26T10:00:00Z");
const TOKEN = newToken();

const request = (status: RemoteConsoleStatus = {}, metadata: object = {}): RemoteConsole =>
  remoteConsole(
    {
      phase: "Issued",
      serverUID: "server-uid",
      tokenHash: hashOf(TOKEN),
      expiresAt: "2026-11-26T10:00:01Z",
      ...status,
    },
    metadata,
  );

const DELETED = { deletionTimestamp: "2026-11-26T10:00:00Z" };

describe("a token", () => {
  test("opens what it was issued for", () => {
    expect(judge(request(), TOKEN, NOW).kind).toBe("good");
  });

  test.each([
    ["there is no such request", undefined, TOKEN, "unknown"],
    ["the request is being deleted", request({}, DELETED), TOKEN, "unknown"],
    ["it is another's", request(), newToken(), "wrong token"],
    ["nothing was issued", request({ phase: "Pending", tokenHash: "" }), TOKEN, "wrong token"],
    ["it was used", request({ usedAt: "2026-11-26T09:59:59Z" }), TOKEN, "used"],
    ["its use is said by the phase alone", request({ phase: "Used" }), TOKEN, "used"],
    ["its second has come", request({ expiresAt: "2026-11-26T10:00:00Z" }), TOKEN, "expired"],
    ["its time cannot be read", request({ expiresAt: "soon" }), TOKEN, "expired"],
    ["it has expired", request({ phase: "Expired" }), TOKEN, "not issued"],
    ["it has ended", request({ phase: "Ended" }), TOKEN, "not issued"],
  ] as const)("opens nothing where %s", (_what, of, token, why) => {
    expect(judge(of, token, NOW)).toEqual({ kind: "refused", why });
  });
});

test("what may be good by a change that was not told yet is looked at again, and what is over is not", () => {
  const again = (why: Parameters<typeof mayBeBehind>[0]["why"]) => mayBeBehind({ kind: "refused", why });
  expect([again("unknown"), again("wrong token")]).toEqual([true, true]);
  expect([again("used"), again("expired"), again("not issued")]).toEqual([false, false, false]);
});

test("a later Server of the same name is not meant", () => {
  expect(isMeant(server(), request())).toBe(true);
  expect(isMeant(server("Running", { uid: "another" }), request())).toBe(false);
  expect(isMeant(server("Running", DELETED), request())).toBe(false);
  expect(isMeant(undefined, request())).toBe(false);
});

test("who is connected stays until the request is deleted, made anew, or ended", () => {
  const opened = request();
  expect(mayStayConnected(opened, request({ phase: "Used" }))).toBe(true);
  expect(mayStayConnected(opened, undefined)).toBe(false);
  expect(mayStayConnected(opened, request({}, DELETED))).toBe(false);
  expect(mayStayConnected(opened, request({}, { uid: "another" }))).toBe(false);
  expect(mayStayConnected(opened, request({ phase: "Ended" }))).toBe(false);
});
