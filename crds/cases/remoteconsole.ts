import type { RuleTable } from "../testing/rule-case.ts";

const NAME = "metadata.name must be a DNS label of at most 63 characters: lower-case letters, digits and '-'";
const IMMUTABLE = "a RemoteConsole cannot be changed: make another one";
const EXPIRES = "must be a duration from 10s to 1h, such as 90s or 10m";

export const remoteConsoleRules: RuleTable = {
  kind: "RemoteConsole",
  plural: "remoteconsoles",
  base: {
    apiVersion: "nephele.dev/v1alpha1",
    kind: "RemoteConsole",
    metadata: { name: "rule" },
    spec: { serverRef: { name: "web-1" }, protocol: "serial", expiresAfter: "5m" },
  },
  cases: [
    {
      says: "a name of 64 characters",
      fault: { metadata: { name: "a".repeat(64) } },
      control: { metadata: { name: "a".repeat(63) } },
      at: "",
      refusedWith: NAME,
    },
    { says: "a name with a dot", fault: { metadata: { name: "web.1" } }, at: "", refusedWith: NAME },
    {
      says: "another Server than before",
      before: {},
      fault: { spec: { serverRef: { name: "web-2" } } },
      control: {},
      at: "spec",
      refusedWith: IMMUTABLE,
    },
    {
      says: "another protocol than before",
      before: {},
      fault: { spec: { protocol: "vnc" } },
      control: {},
      at: "spec",
      refusedWith: IMMUTABLE,
    },
    {
      says: "a longer life than before",
      before: {},
      fault: { spec: { expiresAfter: "6m" } },
      control: {},
      at: "spec",
      refusedWith: IMMUTABLE,
    },
    {
      says: "a life of 9 seconds",
      fault: { spec: { expiresAfter: "9s" } },
      control: { spec: { expiresAfter: "10s" } },
      at: "spec.expiresAfter",
      refusedWith: EXPIRES,
    },
    {
      says: "a life of more than an hour",
      fault: { spec: { expiresAfter: "1h1s" } },
      control: { spec: { expiresAfter: "60m" } },
      at: "spec.expiresAfter",
      refusedWith: EXPIRES,
    },
    { says: "a life in days", fault: { spec: { expiresAfter: "1d" } }, at: "spec.expiresAfter", refusedWith: EXPIRES },
    {
      says: "a life without an end",
      fault: { spec: { expiresAfter: "" } },
      at: "spec.expiresAfter",
      refusedWith: EXPIRES,
    },
    {
      says: "a stay of more than a week",
      fault: { spec: { ttlSecondsAfterFinished: 604801 } },
      control: { spec: { ttlSecondsAfterFinished: 0 } },
      at: "spec.ttlSecondsAfterFinished",
      refusedWith: "should be less than or equal to 604800",
    },
    {
      says: "a protocol that KubeVirt does not speak",
      fault: { spec: { protocol: "spice" } },
      at: "spec.protocol",
      refusedWith: 'Unsupported value: "spice"',
    },
    { says: "no Server", fault: { spec: { serverRef: null } }, at: "spec.serverRef", refusedWith: "Required value" },
  ],
};
