import { expect, test } from "vitest";
import { eventOf, writesByUserAgent } from "./audit.ts";

const event = { stage: "ResponseComplete", verb: "patch", userAgent: "runtime/3" };
const read = (line: object) => eventOf(JSON.stringify(line), ["runtime/"]);

test.each([
  ["a completed request is counted", event, "patch"],
  ["one that is under way is not counted yet", { ...event, stage: "RequestReceived" }, undefined],
  ["another program's is left out", { ...event, userAgent: "kubectl" }, undefined],
])("%s", (_, line, verb) => {
  expect(read(line)?.verb).toBe(verb);
});

test("bodies are left behind", () => {
  expect(read({ ...event, requestObject: { a: 1 }, responseObject: {} })).toEqual(event);
});

test("writes are counted by user agent, a deletion of a collection too, and reads are none", () => {
  const verbs = ["patch", "deletecollection", "watch"].map((verb) => read({ ...event, verb }));
  expect(writesByUserAgent(verbs.filter((one) => one !== undefined))).toEqual(new Map([["runtime/3", 2]]));
});
