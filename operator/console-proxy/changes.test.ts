import { expect, test } from "vitest";
import { Changes } from "./changes.ts";

test("who waits is woken by a change of what he waits for, or when his time is over", async () => {
  const changes = new Changes();
  const stop = new AbortController();
  const woken: string[] = [];
  const waits = ["a", "b"].map((key) => changes.next(key, stop.signal).then(() => void woken.push(key)));
  changes.tell("a");
  changes.tell("c");
  await waits[0];
  expect(woken).toEqual(["a"]);
  stop.abort();
  await Promise.all(waits);
  expect(woken).toEqual(["a", "b"]);
  await changes.next("a", stop.signal);
});
