import { expect, test } from "vitest";
import type { RemoteConsole } from "#operator/api/generated/remoteconsole.ts";
import { remoteConsole } from "#operator/remoteconsole/fixtures.ts";
import { whatCounts } from "./what-counts.ts";

const judgedBy = remoteConsole(
  {
    phase: "Issued",
    serverUID: "server",
    tokenHash: "ab",
    expiresAt: "2026-11-26T10:00:01Z",
    usedAt: "2026-11-26T10:00:00Z",
  },
  { deletionTimestamp: "2026-11-26T10:00:00Z" },
);

test("what a console is judged by is kept, and nothing that its writer can make long", () => {
  const whole: RemoteConsole = {
    ...judgedBy,
    metadata: { ...judgedBy.metadata, annotations: { long: "x".repeat(100_000) }, labels: { a: "b" } },
    status: { ...judgedBy.status, observedGeneration: 1, secret: { name: "nephele-consoles", key: "look" } },
  };
  expect(whatCounts(whole)).toEqual(judgedBy);
  const { status: _status, ...unseen } = judgedBy;
  expect(whatCounts(unseen).status).toEqual({});
});
