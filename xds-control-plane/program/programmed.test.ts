import { describe, expect, test } from "vitest";
import type { Condition, NewCondition } from "#runtime/api/conditions.ts";
import type { StreamInfo } from "../server/client.ts";
import { withRejections } from "./programmed.ts";
import { Rejections } from "./rejections.ts";

const now = new Date("2026-01-01T00:05:00Z");
const proxy = "workload/a/web";
const programmed: NewCondition = { type: "Programmed", status: "True", reason: "Programmed", message: "" };
const rejected: Condition = {
  type: "Programmed",
  status: "False",
  reason: "Rejected",
  message: "workload/a/web rejected it: no",
  observedGeneration: 2,
  lastTransitionTime: "2026-01-01T00:00:00Z",
};
const stream = (id: string): StreamInfo => ({
  id,
  variant: "delta",
  group: proxy,
  client: { node: { id: proxy, cluster: "", encoded: new Uint8Array() }, address: "", certificate: undefined },
});
const said = (held: readonly Condition[] | undefined, rejections: Rejections, at = now): NewCondition | undefined =>
  withRejections([programmed], held, [proxy], rejections, at)[0];

describe("Programmed", () => {
  test("is false with Envoy's text while a proxy rejects, and true again when it takes what it is sent, or has gone", () => {
    const rejections = new Rejections();
    rejections.rejected(stream("1"), "listener", "no");
    rejections.rejected(stream("2"), "listener", "never");
    expect(said(undefined, rejections)).toMatchObject({ status: "False", message: "workload/a/web rejected it: no" });
    expect(rejections.acknowledged(stream("1"), "cluster")).toBe(false);
    expect(rejections.acknowledged(stream("1"), "listener")).toBe(true);
    expect(said([rejected], rejections)).toMatchObject({ message: "workload/a/web rejected it: never" });
    expect(rejections.closed(stream("2"))).toBe(true);
    expect(said([rejected], rejections)).toEqual(programmed);
  });

  test("is left as another replica said, which hears what this one does not, for ten minutes", () => {
    const rejections = new Rejections();
    expect(said([rejected], rejections)).toEqual(rejected);
    expect(said([rejected], rejections, new Date("2026-01-01T00:10:00Z"))).toEqual(programmed);
  });

  test("is what the view says where that is no", () => {
    const rejections = new Rejections();
    rejections.rejected(stream("1"), "listener", "no");
    const invalid: NewCondition = { ...programmed, status: "False", reason: "Invalid" };
    expect(withRejections([invalid], [rejected], [proxy], rejections, now)).toEqual([invalid]);
  });
});
