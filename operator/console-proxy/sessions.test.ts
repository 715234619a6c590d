import { PassThrough } from "node:stream";
import { expect, test, vi } from "vitest";
import { remoteConsole } from "#operator/remoteconsole/fixtures.ts";
import { Sessions } from "./sessions.ts";

const request = (name: string, uid: string, phase: "Used" | "Ended" = "Used") =>
  remoteConsole({ phase }, { name, uid });

test("a connection is cut when its object lets it stay no longer, and no other is", async () => {
  const sessions = new Sessions();
  const [first, again, other] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const closed = vi.fn();
  sessions.add(request("look", "1"), first, closed);
  sessions.add(request("look", "2"), again, closed);
  sessions.add(request("other", "3"), other, closed);
  sessions.review("team-a/look", request("look", "2"));
  await vi.waitFor(() => expect(closed).toHaveBeenCalledTimes(1));
  expect([first.destroyed, again.destroyed, other.destroyed]).toEqual([true, false, false]);
  sessions.review("team-a/look", request("look", "2", "Ended"));
  sessions.review("team-a/nothing", undefined);
  await vi.waitFor(() => expect(sessions.size).toBe(1));
  expect([again.destroyed, other.destroyed]).toEqual([true, false]);
});

test("nobody stays for more than eight hours", () => {
  vi.useFakeTimers();
  try {
    const client = new PassThrough();
    new Sessions().add(request("look", "1"), client, vi.fn());
    vi.advanceTimersByTime(8 * 3_600_000 - 1);
    expect(client.destroyed).toBe(false);
    vi.advanceTimersByTime(1);
    expect(client.destroyed).toBe(true);
  } finally {
    vi.useRealTimers();
  }
});
