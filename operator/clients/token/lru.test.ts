import { expect, test } from "vitest";
import { createLru } from "./lru.ts";

test("the entry that was not used for longest goes first", () => {
  const lru = createLru<string, string>(2);
  lru.getOrMake("a", () => "A");
  lru.getOrMake("b", () => "B");
  expect(lru.getOrMake("a", () => "another")).toBe("A");
  lru.getOrMake("c", () => "C");
  expect(lru.size).toBe(2);
  expect(lru.getOrMake("a", () => "another")).toBe("A");
  expect(lru.getOrMake("b", () => "made anew")).toBe("made anew");
});
