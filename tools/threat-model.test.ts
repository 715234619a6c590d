import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { faultsOf, threatsOf } from "./threat-model.ts";

const root = join(import.meta.dirname, "..");
const page = readFileSync(join(root, "docs", "threat-model.md"), "utf8");

/** A test's text, undefined where the file is not there. */
function textOf(path: string): string | undefined {
  const file = join(root, path);
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

test("docs/threat-model.md: each threat is stopped by what a test shows, or is said to be open", () => {
  expect(threatsOf(page).length).toBeGreaterThan(0);
  expect(faultsOf(page, textOf)).toEqual([]);
});

describe("control: a page at fault is told where, when", () => {
  const row = '| K1 | E | a threat | 3 3 3 2 3 = 14 | a policy | `a.test.ts` "refuses it" |';
  const read = (path: string): string | undefined => (path === "a.test.ts" ? 'test("refuses it", …)' : undefined);

  test("nothing is: no fault", () => expect(faultsOf(row, read)).toEqual([]));
  test.each([
    ["the file is gone", row.replace("a.test.ts", "b.test.ts"), "K1: b.test.ts is not there"],
    ["the test has another name", row.replace("refuses", "takes"), 'K1: a.test.ts has no test "takes it"'],
    ["the sum is wrong", row.replace("= 14", "= 13"), "K1: 3 3 3 2 3 is 14, not 13"],
    ["a row has another form", row.replace("= 14", ""), "K1: has not the form of a threat"],
    ["nothing shows it", row.replace(/`a.*"/, "trust"), 'K1: neither a test nor "open" shows it'],
    ["the letter is none of STRIDE", row.replace("| E |", "| X |"), "K1: X is no letter of STRIDE"],
    ["a number stands twice", `${row}\n${row}`, "K1: stands twice"],
    ["an open one is not listed", row.replace(/`a.*"/, "open"), "K1: is open, and does not stand under What is open"],
    [
      "a listed one is not open",
      `${row}\n## What is open\n| K1 | a threat | later |`,
      "K1: is listed as open, and is not",
    ],
  ])("%s", (_what, text, fault) => expect(faultsOf(text, read)).toEqual([fault]));
});
