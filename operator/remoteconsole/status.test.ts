import { expect, test } from "vitest";
import { hashOf } from "#operator/console-token.ts";
import { remoteConsole } from "./fixtures.ts";
import { deletionTime, outcomeOf, statusOf } from "./status.ts";

const NOW = new Date("2026-11-26T10:00:00Z");
const NOTHING = { isTakenAway: false };
const expiresAt = "2026-11-26T10:10:00Z";

test("what was given is said by its hash, with where it is and until when", () => {
  const given = { serverUID: "server-uid", tokenHash: hashOf("token"), expiresAt };
  expect(
    statusOf(remoteConsole(), { kind: "issue", serverUID: "server-uid" }, { given, isTakenAway: false }, NOW).fields,
  ).toEqual({
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
  const { fields } = statusOf(used, { kind: "used", usedAt: before.usedAt }, { isTakenAway: true }, NOW);
  expect(fields).toEqual({ ...before, phase: "Used" });
});

test("what is over is stalled: nothing will help but another one", () => {
  const over = { kind: "over", phase: "Ended", why: "Server web-1 is gone" } as const;
  expect(outcomeOf(remoteConsole(), over, NOW)).toEqual({
    kind: "blocked",
    reason: "UnrecoverableError",
    message: "Server web-1 is gone",
    pollAfterMs: 3_600_000,
  });
  expect(statusOf(remoteConsole(), over, NOTHING, NOW).fields).toEqual({
    phase: "Ended",
    finishedAt: "2026-11-26T10:00:00Z",
  });
});

test("a URL that could not be taken away is still said to be there, and its object to be over all the same", () => {
  const secret = { name: "nephele-consoles", key: "look" };
  const issued = remoteConsole({ phase: "Issued", serverUID: "s", tokenHash: "ab", expiresAt, secret });
  const over = { kind: "over", phase: "Expired", why: "nobody connected" } as const;
  expect(statusOf(issued, over, NOTHING, NOW).fields).toMatchObject({ phase: "Expired", secret });
  const next = remoteConsole({ ...issued.status, phase: "Expired" });
  expect(statusOf(next, over, { isTakenAway: true }, NOW).fields).not.toHaveProperty("secret");
});

test("the Server that was seen is said before there is a URL, and stays said", () => {
  const wait = { kind: "wait", for: "Server web-1 to run", serverUID: "first" } as const;
  expect(statusOf(remoteConsole(), wait, NOTHING, NOW).fields).toEqual({ phase: "Pending", serverUID: "first" });
  const over = { kind: "over", phase: "Ended", why: "Server web-1 is gone" } as const;
  const seen = remoteConsole({ phase: "Pending", serverUID: "first" });
  expect(statusOf(seen, over, NOTHING, NOW).fields).toMatchObject({ phase: "Ended", serverUID: "first" });
});

test("what is finished is deleted its time later, counted from its end; what is not, never", () => {
  const over = { kind: "over", phase: "Expired", why: "nobody connected" } as const;
  const finished = remoteConsole({ phase: "Expired", finishedAt: "2026-11-26T09:30:00Z" });
  expect(statusOf(finished, over, NOTHING, NOW).fields.finishedAt).toBe("2026-11-26T09:30:00Z");
  expect(deletionTime(finished, over, NOW)).toEqual(new Date("2026-11-26T10:30:00Z"));
  // One that was used may have a connection open for eight hours.
  const used = { kind: "used", usedAt: "2026-11-26T09:00:00Z" } as const;
  expect(deletionTime(remoteConsole(), used, NOW)).toEqual(new Date("2026-11-26T18:00:00Z"));
  expect(deletionTime(finished, { kind: "issued", expiresAt: NOW }, NOW)).toBeUndefined();
  expect(deletionTime(finished, { kind: "wait", for: "Server web-1" }, NOW)).toBeUndefined();
});
