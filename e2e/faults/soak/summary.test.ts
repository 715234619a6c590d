import { describe, expect, test } from "vitest";
import { capacity, loadWhile } from "./load.ts";
import { summaryOf } from "./summary.ts";

const good = (kind: string, from: number, to: number) => ({ kind, from, to });

describe("summary of a load", () => {
  test("counts by kind and by error, and takes latencies of what was answered well alone", () => {
    const samples = [
      ...Array.from({ length: 99 }, (_, at) => good("read", at * 10, at * 10 + 5)),
      good("read", 990, 1_090),
      { ...good("write", 0, 30_000), error: "no answer" },
      { ...good("write", 10, 30_000), error: "no answer" },
    ];
    expect(summaryOf(samples)).toEqual({
      counts: { read: 100, write: 2 },
      errors: { "no answer": 2 },
      p50: 5,
      p99: 5,
      longestPause: 30_000,
    });
  });

  test.each([
    ["between two answers", [good("read", 0, 5), good("read", 10, 4_000), good("read", 20, 4_001)], 3_995],
    ["before the first", [good("read", 0, 700), good("read", 10, 701)], 700],
    ["after the last, while others fail", [good("read", 0, 5), { ...good("read", 10, 900), error: "refused" }], 895],
  ])("finds the longest time without an answer %s", (_where, samples, expected) => {
    expect(summaryOf(samples).longestPause).toBe(expected);
  });
});

describe("load", () => {
  test("goes on while an operation hangs, in the shares that are given, and ends when all have ended", async () => {
    let release = (): void => undefined;
    const hanging = new Promise<void>((resolve) => {
      release = resolve;
    });
    let reads = 0;
    const operations = [
      {
        kind: "read",
        share: 3,
        run: async () => {
          reads += 1;
        },
      },
      { kind: "write", share: 1, run: () => hanging },
    ];
    const samples = await loadWhile(operations, 400, async () => {
      while (reads < 30) await new Promise(setImmediate);
      release();
    });
    const { counts, errors } = summaryOf(samples);
    expect(errors).toEqual({});
    expect(counts["read"]).toBeGreaterThanOrEqual(30);
    expect(Math.floor((counts["read"] ?? 0) / 3)).toBeLessThanOrEqual((counts["write"] ?? 0) + 1);
  });

  test("tells a failure in words that are the same for each secret", async () => {
    const failing = async (): Promise<never> => {
      throw new Error("secret 0f8fad5b-d9cb-469f-a165-70867728950e: 500");
    };
    let done = 0;
    const samples = await loadWhile(
      [
        {
          kind: "read",
          share: 1,
          run: () =>
            failing().finally(() => {
              done += 1;
            }),
        },
      ],
      400,
      async () => {
        while (done < 3) await new Promise(setImmediate);
      },
    );
    expect(Object.keys(summaryOf(samples).errors)).toEqual(["secret …: 500"]);
    await expect(capacity([{ kind: "read", share: 1, run: failing }], 1, 1_000)).rejects.toThrow("secret …: 500");
  });
});
