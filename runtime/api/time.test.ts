import { expect, test } from "vitest";
import { microTimeText, timeText, wholeSecond } from "./time.ts";

const at = new Date("2026-11-23T12:00:00.999Z");

test("a time is written in whole seconds", () => {
  expect(timeText(at)).toBe("2026-11-23T12:00:00Z");
});

test("a time comes back from what was written as its whole second", () => {
  expect(wholeSecond(at)).toEqual(new Date(timeText(at)));
});

test("a MicroTime has six digits", () => {
  expect(microTimeText(at)).toBe("2026-11-23T12:00:00.999000Z");
});
