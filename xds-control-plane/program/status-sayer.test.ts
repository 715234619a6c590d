import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ApiError } from "#runtime/client/errors.ts";
import { createLogger } from "#runtime/observe/log.ts";
import { gateways } from "../cluster-view/kinds.ts";
import { StatusSayer } from "./status-sayer.ts";
import type { StatusWrite } from "./statuses.ts";

const log = createLogger({ level: "fatal" });
const of = (name: string): StatusWrite => ({
  resource: gateways as StatusWrite["resource"],
  object: { apiVersion: "gateway.networking.k8s.io/v1", kind: "Gateway", metadata: { name } } as StatusWrite["object"],
  status: {},
});
const refused = new ApiError("it is not valid", 422, "Invalid");
const unreachable = new ApiError("nobody answers", 0, "Unreachable");

/** A sayer of three statuses, of which the first fails as is said, until that is mended. */
function sayerOf(failure: { error: Error | undefined }) {
  const stop = new AbortController();
  const written: string[] = [];
  const sayer = new StatusSayer(
    {
      wanted: () => ["a", "b", "c"].filter((name) => !written.includes(name)).map(of),
      write: async ({ object }) => {
        if (object.metadata.name === "a" && failure.error !== undefined) throw failure.error;
        written.push(object.metadata.name);
      },
      log,
    },
    stop.signal,
  );
  return { sayer, written, stop };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a status that is refused holds up no other, and is tried again", async () => {
  const failure: { error: Error | undefined } = { error: refused };
  const { sayer, written, stop } = sayerOf(failure);
  sayer.say();
  await sayer.settled();
  expect(written).toEqual(["b", "c"]);
  failure.error = undefined;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(written).toEqual(["b", "c", "a"]);
  stop.abort();
});

test("where the API server does not answer, the others are not tried until later", async () => {
  const failure: { error: Error | undefined } = { error: unreachable };
  const { sayer, written, stop } = sayerOf(failure);
  sayer.say();
  await sayer.settled();
  expect(written).toEqual([]);
  failure.error = undefined;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(written).toEqual(["a", "b", "c"]);
  stop.abort();
});

test("a fault in what is to be said ends nothing: it is said when it can be", async () => {
  const stop = new AbortController();
  const written: string[] = [];
  let isBroken = true;
  const wanted = (): readonly StatusWrite[] => {
    if (isBroken) throw new Error("a part of the view is missing");
    return [of("a")];
  };
  const write = async ({ object }: StatusWrite): Promise<void> => void written.push(object.metadata.name);
  const sayer = new StatusSayer({ wanted, write, log }, stop.signal);
  sayer.say();
  await sayer.settled();
  isBroken = false;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(written).toEqual(["a"]);
  stop.abort();
});

test("it looks again though nobody asks, and says nothing more after the signal", async () => {
  const { sayer, written, stop } = sayerOf({ error: undefined });
  sayer.say();
  await sayer.settled();
  written.length = 0;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(written).toEqual(["a", "b", "c"]);
  written.length = 0;
  stop.abort();
  sayer.say();
  await sayer.settled();
  await vi.advanceTimersByTimeAsync(120_000);
  expect(written).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});
