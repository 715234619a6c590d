import { expect, test } from "vitest";
import { type Run, storesReport } from "./report.ts";

const timed = (milliseconds: number, perSecond: number) => ({ milliseconds: [milliseconds, milliseconds], perSecond });
const run = (faster: number): Run => ({
  software: { store: timed(20, 50), read: timed(10, 100) },
  token: { store: timed(40, 50 / faster), read: timed(10, 100) },
});

test("the report has medians of each store, and ratios within a run", () => {
  const failure = { what: "it is gone", untilSaid: 12, longest: 400, longestBeside: 300, untilWell: 5100 };
  const text = storesReport({
    machine: "a machine",
    runs: [run(2), run(2), run(5)],
    ...{ alone: 10, together: 20, atOnce: 4 },
    failures: [{ ...failure, refused: 7, asked: 90, refusedBeside: 0, askedBeside: 80 }],
  });
  expect(text).toContain("| store: requests a second, 4 at once | 50 | 25 | 50 % |");
  expect(text).toContain("| store: p50, one after another | 20.0 ms | 40.0 ms | 200 % |");
  expect(text).toContain("| it is gone | 12.0 ms | 400.0 ms | 300.0 ms | 7 of 90 | 0 of 80 | 5100.0 ms |");
});
