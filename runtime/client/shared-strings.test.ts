import { expect, test } from "vitest";
import { SharedStrings } from "./shared-strings.ts";

const object = {
  kind: "Secret",
  metadata: { name: "a", uid: "0a1b", resourceVersion: "7", labels: { team: "red" }, finalizers: ["x", "y"] },
  data: { password: "aHVzaA==" },
  status: { ready: true, count: 3, nothing: null, conditions: [{ type: "Ready", status: "True" }] },
};

test("what an object says does not change", () => {
  const shared = structuredClone(object);
  new SharedStrings().share(shared);
  expect(shared).toEqual(object);
});

test("texts that repeat are kept once; names, ids and data are not kept", () => {
  const strings = new SharedStrings();
  for (const name of ["a", "b", "c"]) strings.share({ ...structuredClone(object), metadata: { name } });
  strings.share(structuredClone(object));
  expect(["Secret", "red", "x", "y", "Ready", "True"].every((text) => strings.has(text))).toBe(true);
  expect(strings.size).toBe(6);
  expect(["a", "0a1b", "7", "aHVzaA=="].some((text) => strings.has(text))).toBe(false);
});

test("long texts are left alone, and the pool does not grow for ever", () => {
  const strings = new SharedStrings();
  strings.share({ message: "x".repeat(65) });
  expect(strings.size).toBe(0);
  strings.share({ items: Array.from({ length: 10_000 }, (_, at) => `text ${at}`) });
  expect(strings.size).toBeGreaterThan(0);
  expect(strings.size).toBeLessThanOrEqual(4_096);
});
