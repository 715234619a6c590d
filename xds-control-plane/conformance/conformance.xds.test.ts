import { afterAll, beforeAll, describe, test } from "vitest";
import { cases } from "./obligations.ts";
import { startOurs } from "./ours.ts";
import { Session, type Subject } from "./subject.ts";

let subject: Subject;
beforeAll(async () => {
  subject = await startOurs();
});
afterAll(() => subject.close());

describe.each(["sotw", "delta"] as const)("%s", (variant) => {
  describe.each([
    { streams: "aggregated", isAggregated: true },
    { streams: "a stream a type", isAggregated: false },
  ])("$streams", ({ isAggregated }) => {
    const own = cases.filter(
      ({ variants, aggregatedOnly }) => variants.includes(variant) && (isAggregated || !aggregatedOnly),
    );
    test.each(own)("obligation $obligation: $title", async ({ run }) => {
      const session = new Session(subject, variant, isAggregated);
      try {
        await run(session);
      } finally {
        session.close();
      }
    });
  });
});
