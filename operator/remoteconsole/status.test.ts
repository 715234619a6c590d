import { expect, test } from "vitest";
import { hashOf } from "#operator/console-token.ts";
import { remoteConsole } from "./fixtures.ts";
import { outcomeOf, statusOf } from "./status.ts";

const NOW = new Date("2026-11-26T10:00:00Z");
const expiresAt = "2026-11-26T10:10:00Z";

test("what was given is said by its hash, with where it is and until when", () => {
  const given = { serverUID: "server-uid", tokenHash: hashOf("token"), expiresAt };
  expect(statusOf(remoteConsole(), { kind: "issue", serverUID: "server-uid" }, given).fields).toEqual({
    phase: "Issued",
    ...given,
    secret: { name: "nephele-consoles", key: "look" },
  });
  expect(outcomeOf(remoteConsole(), { kind: "issued", expiresAt: new Date(expiresAt) }, NOW)).toEqual({
    kind: "settled",
    message: "The URL is in core Secret nephele-consoles, key look",
    pollAfterMs: 600_000,
  });
});

test("what the console proxy said of its use is kept, and where the URL was is not", () => {
  const before = {
    phase: "Issued",
    serverUID: "s",
    tokenHash: "ab",
    expiresAt,
    usedAt: "2026-11-26T10:01:00Z",
  } as const;
  const used = remoteConsole({ ...before, secret: { name: "nephele-consoles", key: "look" } });
  const { fields } = statusOf(used, { kind: "used", usedAt: before.usedAt }, undefined);
  expect(fields).toEqual({ ...before, phase: "Used" });
});

test("what is over is stalled: nothing will help but another one", () => {
  const over = { kind: "over", phase: "Ended", why: "Server web-1 is gone" } as const;
  expect(outcomeOf(remoteConsole(), over, NOW)).toEqual({
    kind: "blocked",
    reason: "UnrecoverableError",
    message: "Server web-1 is gone",
  });
  expect(statusOf(remoteConsole(), over, undefined).fields.phase).toBe("Ended");
});
