import { describe, expect, test } from "vitest";
import {
  fromMetadata,
  isOwnedBy,
  type Mark,
  orderMarkOf,
  orderMarks,
  parseOrderMarks,
  toMetadata,
  withMark,
} from "./mark.ts";

const owner = { installation: "local", object: "team-a/db-password" };
const mark: Mark = {
  ...owner,
  version: 3,
  part: "secret",
  createdAt: new Date("2026-11-23T12:00:00Z"),
  mac: "id.mac",
  container: "c",
  order: "o",
  retain: true,
};

describe("a mark", () => {
  test("comes back from the metadata as it was", () => {
    expect(fromMetadata(toMetadata(mark))).toEqual(mark);
  });

  test("uses keys that Barbican takes and keeps as they are", () => {
    for (const key of Object.keys(toMetadata(mark))) expect(key).toMatch(/^[a-z0-9_-]+$/);
  });

  test.each([
    ["there is none", {}],
    ["it has no version", { ...toMetadata(mark), "nephele-version": "" }],
    ["its version is no number", { ...toMetadata(mark), "nephele-version": "1.5" }],
    ["its time is no time", { ...toMetadata(mark), "nephele-created": "yesterday" }],
    ["its part is unknown", { ...toMetadata(mark), "nephele-part": "half" }],
  ])("is not read where %s", (_name, metadata) => {
    expect(fromMetadata(metadata)).toBeUndefined();
  });

  test("belongs to one object of one installation", () => {
    expect(isOwnedBy(mark, owner)).toBe(true);
    expect(isOwnedBy(mark, { ...owner, installation: "other" })).toBe(false);
    expect(isOwnedBy(mark, { ...owner, object: "team-b/db-password" })).toBe(false);
  });

  test("is written again only where it differs, and leaves what others wrote", () => {
    const there = { ...toMetadata(mark), colour: "blue" };
    expect(withMark(there, mark)).toBeUndefined();
    const { mac: _mac, ...without } = mark;
    expect(withMark(there, { ...without, retain: false })).toEqual({
      ...toMetadata({ ...without, retain: false }),
      colour: "blue",
    });
  });
});

describe("an order's marks", () => {
  test("come back as they were", () => {
    expect(parseOrderMarks(orderMarks(owner, 12))).toEqual({ ...owner, version: 12 });
  });

  test("let it be found by installation, object and version", () => {
    expect(orderMarks(owner, 12)).toEqual([
      orderMarkOf.installation("local"),
      orderMarkOf.object(owner),
      orderMarkOf.version(owner, 12),
    ]);
  });

  test.each([
    [[]],
    [[""]],
    [["nephele:local:team-a/db"]],
    [["other:local:team-a/db:1"]],
    [["nephele:local:team-a/db:0"]],
  ])("are not read from %s", (marks) => {
    expect(parseOrderMarks(marks)).toBeUndefined();
  });
});
