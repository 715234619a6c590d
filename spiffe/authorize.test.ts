import { expect, test } from "vitest";
import { exactly, memberOf, oneOf } from "./authorize.ts";
import { spiffeId, trustDomain } from "./spiffe-id.ts";

const [a, b, away] = ["spiffe://d/a", "spiffe://d/b", "spiffe://d.e/a"].map(spiffeId) as [never, never, never];

test.each([
  ["exactly one", exactly(a), [true, false, false]],
  ["one of two", oneOf([a, away]), [true, false, true]],
  ["one of none", oneOf([]), [false, false, false]],
  ["members of a trust domain", memberOf(trustDomain("d")), [true, true, false]],
] as const)("%s", (_what, authorize, allowed) => {
  expect([a, b, away].map((id) => authorize(id))).toEqual(allowed);
});
