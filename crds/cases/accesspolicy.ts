import type { Patch, RuleTable } from "../testing/rule-case.ts";

const ONCE = "must name each Service and port once";
const SERVICE = "must be a Service of the core group";
const EITHER = "must have either an id or a prefix";
const ID = "must be a SPIFFE ID such as spiffe://cloud.example/ns/team-a/sa/web";
const PREFIX = "must be the beginning of a SPIFFE ID by whole segments, such as spiffe://cloud.example/ns/team-a";
const PATH =
  "must be a path from / on, without query, and without //, /./, /../ and escaped slashes, which no request has when it is compared";

const web = "spiffe://cloud.example/ns/team-a/sa/web";
const callers = (...of: readonly Patch[]): Patch => ({ spec: { rules: [{ callers: of }] } });
const path = (value: string): Patch => ({ spec: { rules: [{ callers: [{ id: web }], paths: [{ value }] }] } });
const targets = (...targetRefs: readonly Patch[]): Patch => ({ spec: { targetRefs } });

export const accessPolicyRules: RuleTable = {
  kind: "AccessPolicy",
  plural: "accesspolicies",
  base: {
    apiVersion: "nephele.dev/v1alpha1",
    kind: "AccessPolicy",
    metadata: { name: "rule" },
    spec: {
      targetRefs: [{ name: "keystone" }],
      rules: [
        {
          callers: [{ id: web, sidecar: false }, { prefix: "spiffe://cloud.example" }],
          methods: ["GET"],
          paths: [{ value: "/" }],
        },
      ],
    },
  },
  cases: [
    {
      says: "a Service that is named twice",
      fault: targets({ name: "keystone" }, { name: "keystone", kind: "Service" }),
      control: targets({ name: "keystone" }, { name: "keystone", sectionName: "http" }),
      at: "spec.targetRefs",
      refusedWith: ONCE,
    },
    {
      says: "a target that is no Service",
      fault: targets({ name: "keystone", kind: "Gateway", group: "gateway.networking.k8s.io" }),
      at: "spec.targetRefs[0]",
      refusedWith: SERVICE,
    },
    { says: "no target", fault: targets(), at: "spec.targetRefs", refusedWith: "should have at least 1 items" },
    {
      says: "a caller of neither an id nor a prefix",
      fault: callers({}),
      at: "spec.rules[0].callers[0]",
      refusedWith: EITHER,
    },
    {
      says: "a caller of both an id and a prefix",
      fault: callers({ id: web, prefix: web }),
      at: "spec.rules[0].callers[0]",
      refusedWith: EITHER,
    },
    {
      says: "a rule without callers, which would be for everybody",
      fault: callers(),
      at: "spec.rules[0].callers",
      refusedWith: "should have at least 1 items",
    },
    {
      says: "a trust domain as an id",
      fault: callers({ id: "spiffe://cloud.example" }),
      at: "spec.rules[0].callers[0].id",
      refusedWith: ID,
    },
    {
      says: "an id with dots as a segment",
      fault: callers({ id: "spiffe://cloud.example/ns/../sa/web" }),
      control: callers({ id: "spiffe://cloud.example/ns/..a/sa/web" }),
      at: "spec.rules[0].callers[0].id",
      refusedWith: ID,
    },
    {
      says: "a prefix that ends with a slash",
      fault: callers({ prefix: "spiffe://cloud.example/ns/" }),
      control: callers({ prefix: "spiffe://cloud.example/ns" }),
      at: "spec.rules[0].callers[0].prefix",
      refusedWith: PREFIX,
    },
    {
      says: "a prefix of another scheme",
      fault: callers({ prefix: "https://cloud.example/ns" }),
      at: "spec.rules[0].callers[0].prefix",
      refusedWith: PREFIX,
    },
    ...["v3", "/v3?a=b", "/a//b", "/a/../b", "/a/..", "/a%2Fb", "/a b"].map((value) => ({
      says: `the path ${value}`,
      fault: path(value),
      control: path("/v3/auth/tokens"),
      at: "spec.rules[0].paths[0].value",
      refusedWith: PATH,
    })),
    {
      says: "a method that HTTP does not have",
      fault: { spec: { rules: [{ callers: [{ id: web }], methods: ["get"] }] } },
      at: "spec.rules[0].methods[0]",
      refusedWith: 'Unsupported value: "get"',
    },
    {
      says: "a mode that is none",
      fault: { spec: { mode: "Allow" } },
      control: { spec: { mode: "Audit" } },
      at: "spec.mode",
      refusedWith: 'Unsupported value: "Allow"',
    },
  ],
};
