import { afterAll, beforeAll, describe, test } from "vitest";
import { startOurs } from "./ours.ts";
import { casesOf, modeName, modes } from "./run.ts";
import { Session, type Subject } from "./subject.ts";

let subject: Subject;
beforeAll(async () => {
  subject = await startOurs();
});
afterAll(() => subject.close());

describe.each(modes.map((mode) => ({ mode, name: modeName(mode) })))("$name", ({ mode }) => {
  test.each(casesOf(mode))("obligation $obligation: $title", async ({ run }) => {
    const session = new Session(subject, mode.variant, mode.isAggregated);
    try {
      await run(session);
    } finally {
      session.close();
    }
  });
});
