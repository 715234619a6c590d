import { describe, expect, test } from "vitest";
import {
  BACKUP_RETRY_MS,
  type BackupAttempt,
  type BackupDecision,
  type BackupFacts,
  backupName,
  begunAt,
  decideBackup,
  OVERDUE_MS,
  overdueAt,
} from "./backup.ts";

const HOUR = 3_600_000;
const start = Date.parse("2026-11-25T10:00:00Z");
const later = (ms: number): Date => new Date(start + ms);
const first = backupName(later(0));
const request = "2026-11-25T10:59:00Z";

const facts = (over: Partial<BackupFacts>): BackupFacts => ({
  now: later(HOUR),
  everyMs: 24 * HOUR,
  requestedAt: undefined,
  answeredRequest: undefined,
  last: first,
  before: undefined,
  lastBefore: undefined,
  attempt: undefined,
  ...over,
});
const attempt = (state: BackupAttempt["state"], at: number, over: Partial<BackupAttempt> = {}): BackupAttempt => ({
  name: backupName(later(at)),
  request: undefined,
  before: undefined,
  state,
  ...(state === "failed" ? { failedAt: later(at) } : {}),
  ...over,
});

describe("a backup", () => {
  test.each<[string, Partial<BackupFacts>, BackupDecision["kind"]]>([
    ["is made at once where there is none", { last: undefined }, "begin"],
    ["is kept until the period is over", { now: later(24 * HOUR - 1) }, "keep"],
    ["is followed by another then", { now: later(24 * HOUR) }, "begin"],
    ["is followed by another for a request", { requestedAt: request }, "begin"],
    ["is followed once for a request", { requestedAt: request, answeredRequest: request }, "keep"],
    ["is followed by another before an upgrade", { before: "2026.2" }, "begin"],
    ["is followed once before an upgrade", { before: "2026.2", lastBefore: "2026.2" }, "keep"],
    ["is followed before another upgrade", { before: "2026.2", lastBefore: "2026.1" }, "begin"],
    ["is awaited, however long it takes", { now: later(99 * HOUR), attempt: attempt("running", HOUR) }, "await"],
    ["is awaited before a request is answered", { requestedAt: request, attempt: attempt("running", HOUR) }, "await"],
    ["is noted once it is whole", { attempt: attempt("done", HOUR) }, "note"],
    ["is noted again where status was lost", { last: undefined, attempt: attempt("done", 0) }, "note"],
    ["is noted once", { attempt: attempt("done", 0) }, "keep"],
    ["that failed stands for people to look at", { attempt: attempt("failed", HOUR) }, "failed"],
    ["that failed is tried again", { now: later(HOUR + BACKUP_RETRY_MS), attempt: attempt("failed", HOUR) }, "begin"],
    [
      "that failed is tried again at once for a new request",
      { requestedAt: request, attempt: attempt("failed", HOUR) },
      "begin",
    ],
    [
      "that failed is tried again at once for an upgrade",
      { before: "2026.2", attempt: attempt("failed", HOUR) },
      "begin",
    ],
    [
      "that failed is not tried again at once for the upgrade that it was made for",
      { before: "2026.2", attempt: attempt("failed", HOUR, { before: "2026.2" }) },
      "failed",
    ],
    [
      "that failed is not tried again at once for the request that it was to answer",
      { requestedAt: request, attempt: attempt("failed", HOUR, { request }) },
      "failed",
    ],
    [
      "that failed where there was none is not taken for one",
      { last: undefined, attempt: attempt("failed", HOUR) },
      "failed",
    ],
  ])("%s", (_says, given, kind) => {
    expect(decideBackup(facts(given)).kind).toBe(kind);
  });

  test("carries the request that it answers, and the next follows when it was begun", () => {
    expect(decideBackup(facts({ requestedAt: request }))).toEqual({
      kind: "begin",
      name: "20261125T110000Z",
      request,
      before: undefined,
    });
    const { nextAt } = decideBackup(facts({ attempt: attempt("done", HOUR) })) as { readonly nextAt: Date };
    expect(nextAt).toEqual(later(25 * HOUR));
  });

  test("has a name after the last one's and the last try's, also where the clock went back", () => {
    const now = later(-HOUR);
    const begun = (over: Partial<BackupFacts>) => decideBackup(facts({ now, requestedAt: request, ...over }));
    expect(begun({})).toMatchObject({ kind: "begin", name: "20261125T100001Z", request });
    expect(begun({ attempt: attempt("failed", HOUR) })).toMatchObject({ name: "20261125T110001Z" });
    // So it is noted, and the request is answered once.
    expect(begun({ attempt: attempt("done", 1_000, { request }) }).kind).toBe("note");
  });

  test("is overdue some minutes after its time, and never where none was said", () => {
    expect(overdueAt("2026-11-25T10:00:00Z")).toEqual(later(OVERDUE_MS));
    expect(overdueAt(undefined)).toBeUndefined();
  });

  test("has a name that says when it was begun, and names are in order", () => {
    expect(first).toBe("20261125T100000Z");
    expect(begunAt(first)).toEqual(later(0));
    expect(backupName(later(HOUR)) > first).toBe(true);
  });
});
