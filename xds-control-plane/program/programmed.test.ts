import { describe, expect, test } from "vitest";
import { type Condition, mergeConditions, type NewCondition } from "#runtime/api/conditions.ts";
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
  message: "one heard: workload/a/web rejected it: no",
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
    const rejections = new Rejections("one");
    rejections.rejected(stream("1"), "listener", "no");
    rejections.rejected(stream("2"), "listener", "never");
    expect(said(undefined, rejections)).toMatchObject({ status: "False", message: rejected.message });
    expect(rejections.acknowledged(stream("1"), "cluster", undefined)).toBe(false);
    expect(rejections.acknowledged(stream("1"), "listener", undefined)).toBe(true);
    expect(said([rejected], rejections)).toMatchObject({ message: "one heard: workload/a/web rejected it: never" });
    expect(rejections.closed(stream("2"))).toBe(true);
    expect(said([rejected], rejections)).toEqual(programmed);
  });

  test("stays false while a proxy takes other listeners, and rejects this one all the same", () => {
    const rejections = new Rejections("one");
    rejections.rejected(stream("1"), "listener", "no");
    expect(rejections.acknowledged(stream("1"), "listener", "no")).toBe(false);
    expect(said([rejected], rejections)).toMatchObject({ status: "False", message: rejected.message });
    rejections.rejected(stream("1"), "listener", "never");
    expect(rejections.acknowledged(stream("1"), "listener", "no")).toBe(true);
    expect(said([rejected], rejections)).toMatchObject({ status: "False", message: rejected.message });
  });

  test("is true again by this replica, too, where the words were too many for a condition", () => {
    const rejections = new Rejections("one");
    rejections.rejected(stream("1"), "listener", "no ".repeat(1_000));
    const held = mergeConditions(undefined, withRejections([programmed], undefined, [proxy], rejections, now), 1, now);
    expect(held[0]?.message.length).toBeLessThan(3_000);
    rejections.acknowledged(stream("1"), "listener", undefined);
    expect(said(held, rejections)).toEqual(programmed);
  });

  const elsewhere = { ...rejected, message: "two heard: workload/a/web rejected it: no" };

  test("is left as another replica said, which hears what this one does not, for ten minutes", () => {
    const rejections = new Rejections("one");
    expect(said([elsewhere], rejections)).toEqual(elsewhere);
    expect(said([elsewhere], rejections, new Date("2026-01-01T00:10:00Z"))).toEqual(programmed);
  });

  test.each([
    ["the one once heard what the other hears now", ["no"], true],
    ["each hears a rejection of its own", ["no", "never"], false],
  ])("comes to rest where %s", (_what, texts, isOver) => {
    const replicas = ["one", "two"].map((name) => new Rejections(name));
    for (const [at, text] of texts.entries()) replicas[at]?.rejected(stream(String(at)), "listener", text);
    let held: readonly Condition[] | undefined;
    let writes = 0;
    const look = (): void => {
      for (const rejections of replicas) {
        const next = said(held, rejections);
        if (next === undefined || (held?.[0]?.status === next.status && held[0].message === next.message)) continue;
        writes += 1;
        held = [{ ...rejected, ...next }];
      }
    };
    for (let turn = 0; turn < 5; turn += 1) look();
    if (isOver) {
      // The proxy is connected to the other replica now, and rejects there.
      replicas[0]?.closed(stream("0"));
      replicas[1]?.rejected(stream("1"), "listener", "no");
    }
    for (let turn = 0; turn < 20; turn += 1) look();
    expect(writes).toBeLessThan(4);
    expect(held?.[0]?.status).toBe("False");
  });

  test("is what the view says where that is no", () => {
    const rejections = new Rejections("one");
    rejections.rejected(stream("1"), "listener", "no");
    const invalid: NewCondition = { ...programmed, status: "False", reason: "Invalid" };
    expect(withRejections([invalid], [rejected], [proxy], rejections, now)).toEqual([invalid]);
  });
});
