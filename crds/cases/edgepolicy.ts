import type { Patch, RuleTable } from "../testing/rule-case.ts";

const SOMETHING = "must say at least one of rateLimits, bodyLimit, jwt and externalAuth";
const CHECKED = "must have a jwt where it counts by a claim: only claims of checked tokens are counted by";
const ONCE = "must name each route and rule once";
const ROUTE = "must be an HTTPRoute of gateway.networking.k8s.io";
const KEY_ONCE = "must name each thing once";
const CLAIM = "must have a claim if it is of the type Claim, and else none";
const PER = "must be a duration of 50ms to 24h: 1s, 1m, 1h30m";
const BYTES = "must be a quantity of whole bytes, of 1 to 64Mi: 64Ki";
const PUBLIC = "must hold public keys alone: a private one is given away, so replace it";
const ESCAPES = "must have no escapes (\\), which keys need none of: they hide what it says";
const HEADER = "must be the name of a header: X-Auth-Token";
const ASCII = "must be of printable ASCII characters";

const jwks = '{"keys":[{"kty":"EC","crv":"P-256","x":"d","y":"k"}]}';
const limit = (more: Patch): Patch => ({ spec: { rateLimits: [{ name: "all", requests: 1, per: "1m", ...more }] } });
const by = (...keys: readonly Patch[]): Patch => limit({ by: keys });
const jwt = (more: Patch): Patch => ({ spec: { jwt: { jwks, ...more } } });
const targets = (...targetRefs: readonly Patch[]): Patch => ({ spec: { targetRefs } });

export const edgePolicyRules: RuleTable = {
  kind: "EdgePolicy",
  plural: "edgepolicies",
  base: {
    apiVersion: "nephele.dev/v1alpha1",
    kind: "EdgePolicy",
    metadata: { name: "rule" },
    spec: {
      targetRefs: [{ name: "identity" }, { name: "identity", sectionName: "login" }],
      rateLimits: [{ name: "users", by: [{ type: "Claim", claim: "sub" }], requests: 100, per: "1h30m" }],
      bodyLimit: "64Ki",
      jwt: { jwks, header: "X-Auth-Token", challenge: 'Keystone uri="https://cloud.example.org/identity/v3"' },
      externalAuth: { backendRef: { name: "authorization", port: 9191 } },
    },
  },
  cases: [
    {
      says: "a policy that says nothing",
      fault: { spec: { rateLimits: null, bodyLimit: null, jwt: null, externalAuth: null } },
      control: { spec: { rateLimits: null, jwt: null, bodyLimit: null } },
      at: "spec",
      refusedWith: SOMETHING,
    },
    {
      says: "a limit by a claim without a check of tokens",
      fault: { spec: { jwt: null } },
      control: { spec: { jwt: null, rateLimits: [{ name: "all", requests: 1, per: "1s" }] } },
      at: "spec",
      refusedWith: CHECKED,
    },
    {
      says: "a route that is named twice",
      fault: targets({ name: "identity" }, { name: "identity", kind: "HTTPRoute" }),
      at: "spec.targetRefs",
      refusedWith: ONCE,
    },
    {
      says: "a target that is no HTTPRoute",
      fault: targets({ name: "identity", kind: "GRPCRoute" }),
      at: "spec.targetRefs[0]",
      refusedWith: ROUTE,
    },
    { says: "no target", fault: targets(), at: "spec.targetRefs", refusedWith: "should have at least 1 items" },
    {
      says: "a limit that counts twice by one claim",
      fault: by({ type: "Claim", claim: "sub" }, { type: "Claim", claim: "sub" }),
      control: by({ type: "Claim", claim: "sub" }, { type: "Claim", claim: "openstack_project_id" }),
      at: "spec.rateLimits[0].by",
      refusedWith: KEY_ONCE,
    },
    {
      says: "a claim that is not named",
      fault: by({ type: "Claim" }),
      at: "spec.rateLimits[0].by[0]",
      refusedWith: CLAIM,
    },
    {
      says: "an address that has a claim",
      fault: by({ type: "RemoteAddress", claim: "sub" }),
      control: by({ type: "RemoteAddress" }),
      at: "spec.rateLimits[0].by[0]",
      refusedWith: CLAIM,
    },
    {
      says: "a limit of nothing",
      fault: limit({ requests: 0 }),
      at: "spec.rateLimits[0].requests",
      refusedWith: "should be greater than or equal to 1",
    },
    ...["", "1", "1d", "10ms", "24h1ms", "1m 1s", "-1m"].map((per) => ({
      says: `a limit per "${per}"`,
      fault: limit({ per }),
      control: limit({ per: "24h" }),
      at: "spec.rateLimits[0].per",
      refusedWith: PER,
    })),
    ...["0", "-1", "1.5", "65Mi", "x"].map((bodyLimit) => ({
      says: `a body of ${bodyLimit}`,
      fault: { spec: { bodyLimit } },
      control: { spec: { bodyLimit: "64Mi" } },
      at: "spec.bodyLimit",
      refusedWith: BYTES,
    })),
    ...['{"keys":[{"kty":"EC","d":"x"}]}', '{"keys":[{"kty":"oct","k" : "x"}]}'].map((private_) => ({
      says: "a key that is no public one",
      fault: jwt({ jwks: private_ }),
      control: jwt({}),
      at: "spec.jwt.jwks",
      refusedWith: PUBLIC,
    })),
    {
      says: "a private key whose field is written by an escape",
      fault: jwt({ jwks: '{"keys":[{"kty":"EC","\\u0064":"x"}]}' }),
      control: jwt({ jwks: '{"keys":[{"kty":"EC","u0064":"x"}]}' }),
      at: "spec.jwt.jwks",
      refusedWith: ESCAPES,
    },
    {
      says: "a header that is none",
      fault: jwt({ header: "X Auth" }),
      at: "spec.jwt.header",
      refusedWith: HEADER,
    },
    {
      says: "a challenge with the end of a line",
      fault: jwt({ challenge: "Bearer\nx: y" }),
      at: "spec.jwt.challenge",
      refusedWith: ASCII,
    },
  ],
};
