import { expect, test } from "vitest";
import { renamed } from "./copies.ts";

test("every place of a name is taken by the new one, and other bytes stay", () => {
  const bytes = Buffer.concat([Buffer.from([0x0a, 0x03, 0xff]), Buffer.from("one two one")]);
  const expected = Buffer.concat([Buffer.from([0x0a, 0x03, 0xff]), Buffer.from("six two six")]);
  expect(renamed(bytes, [["one", "six"]])).toEqual(expected);
});

test("a name of another length is refused: protobuf's lengths would be wrong", () => {
  expect(() => renamed(Buffer.from("one"), [["one", "three"]])).toThrow("three is not as long as one");
});
