import type { RuleTable } from "../testing/rule-case.ts";

const ID = "must be a SPIFFE ID such as spiffe://cloud.example/ns/team-a/sa/web";
const IMMUTABLE = "cannot be changed: make another object, and delete this one if its identity may come in again";

export const deniedIdentityRules: RuleTable = {
  kind: "DeniedIdentity",
  plural: "deniedidentities",
  base: {
    apiVersion: "nephele.dev/v1alpha1",
    kind: "DeniedIdentity",
    metadata: { name: "rule" },
    // Of a trust domain that no cluster has: the objects of this table deny nobody.
    spec: { id: "spiffe://rules.invalid/ns/team-a/sa/web", reason: "its key was seen in a log" },
  },
  cases: [
    {
      says: "a trust domain, which would be everybody",
      fault: { spec: { id: "spiffe://rules.invalid" } },
      at: "spec.id",
      refusedWith: ID,
    },
    {
      says: "an id with an empty segment",
      fault: { spec: { id: "spiffe://rules.invalid/ns//web" } },
      at: "spec.id",
      refusedWith: ID,
    },
    {
      says: "another id than before",
      before: {},
      fault: { spec: { id: "spiffe://rules.invalid/ns/team-a/sa/other" } },
      control: { spec: { reason: "its pod was taken over" } },
      at: "spec.id",
      refusedWith: IMMUTABLE,
    },
    { says: "no id", fault: { spec: { id: null } }, control: {}, at: "spec.id", refusedWith: "Required value" },
  ],
};
