import { expect, test } from "vitest";
import { restartReport } from "./restart-report.ts";

const start = { what: "restart 1", seconds: 7.14, cpuSeconds: 6.25, resident: 210 * 1024 ** 2, highest: 2 ** 28 };

test("a start is a row, with what it wrote", () => {
  const text = restartReport("2 cores", 10_000, [
    { ...start, writes: 0 },
    { ...start, what: "restart 2", writes: undefined },
  ]);
  expect(text).toContain("# The operator with 10,000 Servers");
  expect(text).toContain("| restart 1 | 7.1 | 6.3 | 210 | 256 | 0 |");
  expect(text).toContain("| restart 2 | 7.1 | 6.3 | 210 | 256 | not known |");
});
