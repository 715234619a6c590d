import { expect, test } from "vitest";
import type { CoreSecret } from "#operator/api/foreign.ts";
import { USED_SINCE, usedSince } from "./key-status.ts";

const made = "2026-11-25T10:00:00Z";
const keys = (annotations: Readonly<Record<string, string>>): CoreSecret =>
  ({
    metadata: { name: "default-fernet", creationTimestamp: made, annotations },
    data: { "0": "", "1": "", "2": "" },
  }) as unknown as CoreSecret;

test("a repository that was rotated says since when each key is used", () => {
  const noted = { "1": "2026-11-24T10:00:00Z", "2": "2026-11-25T12:00:00Z" };
  expect(usedSince(keys({ [USED_SINCE]: JSON.stringify(noted) }), 2)).toEqual(noted);
});

test.each([
  ["there is none", {}],
  ["it is no JSON", { [USED_SINCE]: "{" }],
  ["it is no object", { [USED_SINCE]: "7" }],
  ["it holds what is no time", { [USED_SINCE]: '{"2":"soon"}' }],
  ["it holds what is no key", { [USED_SINCE]: '{"two":"2026-11-25T12:00:00Z"}' }],
  ["it is empty", { [USED_SINCE]: "{}" }],
])("where %s the newest key counts from when the Secret was made", (_why, annotations) => {
  expect(usedSince(keys(annotations), 2)).toEqual({ "2": made });
});
