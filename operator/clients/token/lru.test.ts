import { expect, test } from "vitest";
import { createLru } from "./lru.ts";

test("the entry that was not used for longest goes first", () => {
  const evicted: string[] = [];
  const lru = createLru<string, string>(2, (value) => void evicted.push(value));
  lru.getOrMake("a", () => "A");
  lru.getOrMake("b", () => "B");
  expect(lru.getOrMake("a", () => "another")).toBe("A");
  lru.getOrMake("c", () => "C");
  expect(evicted).toEqual(["B"]);
  expect(lru.size).toBe(2);
});
