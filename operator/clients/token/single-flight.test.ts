import { expect, test } from "vitest";
import { singleFlight, unlessAborted } from "./single-flight.ts";

test("who asks while work is under way gets the same result, and later work is done anew", async () => {
  let count = 0;
  const once = singleFlight(async () => {
    await Promise.resolve();
    count += 1;
    return count;
  });
  expect(await Promise.all([once(), once(), once()])).toEqual([1, 1, 1]);
  expect(await once()).toBe(2);
});

test("all who wait get the same error, and later work is done anew", async () => {
  let count = 0;
  const once = singleFlight(async () => {
    await Promise.resolve();
    count += 1;
    if (count === 1) throw new Error("first");
    return count;
  });
  const results = await Promise.allSettled([once(), once()]);
  expect(results.map((result) => result.status)).toEqual(["rejected", "rejected"]);
  expect(await once()).toBe(2);
});

test("one who gives up does not spoil it for the others", async () => {
  const work = Promise.withResolvers<string>();
  const gaveUp = new AbortController();
  const first = unlessAborted(work.promise, gaveUp.signal);
  const second = unlessAborted(work.promise, undefined);
  gaveUp.abort(new Error("gave up"));
  await expect(first).rejects.toThrow("gave up");
  work.resolve("done");
  expect(await second).toBe("done");
});
