import { describe, expect, test } from "vitest";
import {
  booleanIn,
  defined,
  listIn,
  objectIn,
  optionalNumberIn,
  optionalTextIn,
  ShapeError,
  textIn,
  textsIn,
} from "./shape.ts";

describe("an answer of the wrong shape is a ShapeError", () => {
  test.each([
    ["a list where an object is due", () => objectIn([])],
    ["null where an object is due", () => objectIn({ a: null }, "a")],
    ["text where a list is due", () => listIn({ a: "x" }, "a")],
    ["a list of texts where objects are due", () => listIn({ a: ["x"] }, "a")],
    ["no text", () => textIn({}, "a")],
    ["a number for optional text", () => optionalTextIn({ a: 1 }, "a")],
    ["text for an optional number", () => optionalNumberIn({ a: "1" }, "a")],
    ["text for true or false", () => booleanIn({ a: "true" }, "a")],
    ["a list of numbers for texts", () => textsIn({ a: [1] }, "a")],
  ])("%s", (_, read) => {
    expect(read).toThrow(ShapeError);
  });
});

test("null, absent and empty text are all no text", () => {
  expect([{ a: null }, {}, { a: "" }].map((json) => optionalTextIn(json, "a"))).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

test("defined keeps false, zero and empty text", () => {
  expect(defined({ a: undefined, b: false, c: 0, d: "" })).toEqual({ b: false, c: 0, d: "" });
});
