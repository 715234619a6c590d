import { describe, expect, test } from "vitest";
import { valuesTable } from "./chart-values.ts";

describe("the table of values", () => {
  const schema = {
    properties: {
      a: { type: "string", description: "What a is." },
      g: { type: "object", description: "A group.", properties: { b: { type: "array", description: "One | two." } } },
    },
  };

  test("has each value by its path, its default and its description", () => {
    expect(
      valuesTable(schema, { a: "", g: { b: [] } })
        .split("\n")
        .slice(2),
    ).toEqual([
      '| `a`   | `""`    | What a is.  |',
      "| **g** |         | A group.    |",
      "| `g.b` | `[]`    | One \\| two. |",
    ]);
  });

  test("refuses a value without a description", () => {
    expect(() => valuesTable({ properties: { a: { type: "string" } } }, { a: "" })).toThrow("does not describe a");
  });

  test("refuses a default of a value that the schema does not know", () => {
    expect(() => valuesTable(schema, { g: { c: 1 } })).toThrow("values.yaml has g.c");
  });
});
