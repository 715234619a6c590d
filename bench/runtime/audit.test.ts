import { expect, test } from "vitest";
import { writerOf } from "./audit.ts";

const event = { stage: "ResponseComplete", verb: "patch", userAgent: "runtime/3" };

test.each([
  ["a completed write has a writer", event, "runtime/3"],
  ["a deletion of a collection is a write", { ...event, verb: "deletecollection" }, "runtime/3"],
  ["a read is no write", { ...event, verb: "watch" }, undefined],
  ["a request that is under way is not counted yet", { ...event, stage: "RequestReceived" }, undefined],
])("%s", (_, line, writer) => {
  expect(writerOf(JSON.stringify(line))).toBe(writer);
});
