import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, expect, test, vi } from "vitest";
import { Snapshot } from "../snapshot/snapshot.ts";
import { Group } from "./group.ts";

afterEach(() => void vi.restoreAllMocks());

/** Pushes to so many streams, each of which takes so long; how many had been told at each turn of the event loop. */
async function toldByTurn(streams: number, milliseconds: number): Promise<readonly number[]> {
  let now = 0;
  let told = 0;
  vi.spyOn(performance, "now").mockImplementation(() => now);
  const pushed = Promise.withResolvers<void>();
  const group = new Group({ quietMs: 0, busyMs: 0 }, () => pushed.resolve());
  for (let at = 0; at < streams; at += 1) {
    group.streams.add({
      adopt: () => {
        told += 1;
        now += milliseconds;
      },
    });
  }
  const turns: number[] = [];
  group.offer(Snapshot.of([]), undefined);
  for (turns.push(told); told < streams; turns.push(told)) await nextTurn();
  await pushed.promise;
  return turns;
}

test.each([
  ["all are told before any acknowledgement is taken in", 1000, 0.04, [1000]],
  ["where it takes longer, what has arrived gets its turn", 10, 20, [3, 6, 9, 10]],
  ["one that takes too long alone holds up no more than itself", 2, 80, [1, 2]],
  ["a group without streams is pushed to as well", 0, 1, [0]],
])("a push: %s", async (_, streams, milliseconds, turns) => {
  expect(await toldByTurn(streams, milliseconds)).toEqual(turns);
});
