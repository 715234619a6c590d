import type { RuleTable } from "../testing/rule-case.ts";

const SIZE = "must be a quantity of whole bytes above zero, such as 512Mi or 4Gi";
const SIZE_OR_ZERO = "must be a quantity of whole bytes, zero or more, such as 2Gi";
const IMMUTABLE = "a Flavor cannot be changed: make another one and change the flavorRef of the Servers";
const NAME = "metadata.name must be a DNS label of at most 55 characters: lower-case letters, digits and '-'";

export const flavorRules: RuleTable = {
  kind: "Flavor",
  plural: "flavors",
  base: {
    apiVersion: "nephele.dev/v1alpha1",
    kind: "Flavor",
    metadata: { name: "rule" },
    spec: { cpus: 1, memory: "512Mi", disk: "2Gi", traits: { required: ["HW_CPU_X86_AVX2"] } },
  },
  cases: [
    { says: "a name of 65 characters", fault: { metadata: { name: "a".repeat(65) } }, at: "", refusedWith: NAME },
    {
      says: "a name of 56 characters",
      fault: { metadata: { name: "a".repeat(56) } },
      control: { metadata: { name: "a".repeat(55) } },
      at: "",
      refusedWith: NAME,
    },
    { says: "a name with a dot", fault: { metadata: { name: "small.one" } }, at: "", refusedWith: NAME },
    { says: "memory that is no quantity", fault: { spec: { memory: "much" } }, at: "spec.memory", refusedWith: SIZE },
    { says: "memory of nothing", fault: { spec: { memory: "0" } }, at: "spec.memory", refusedWith: SIZE },
    { says: "memory below zero", fault: { spec: { memory: "-1Gi" } }, at: "spec.memory", refusedWith: SIZE },
    {
      says: "memory in thousandths of a byte",
      fault: { spec: { memory: "512m" } },
      at: "spec.memory",
      refusedWith: SIZE,
    },
    {
      says: "a disk that is no quantity",
      fault: { spec: { disk: "2 Gi" } },
      at: "spec.disk",
      refusedWith: SIZE_OR_ZERO,
    },
    {
      says: "a disk below zero",
      fault: { spec: { disk: "-2Gi" } },
      control: { spec: { disk: "0" } },
      at: "spec.disk",
      refusedWith: SIZE_OR_ZERO,
    },
    {
      says: "no CPU",
      fault: { spec: { cpus: 0 } },
      at: "spec.cpus",
      refusedWith: "should be greater than or equal to 1",
    },
    {
      says: "a trait that is required and forbidden",
      fault: { spec: { traits: { forbidden: ["HW_CPU_X86_AVX2"] } } },
      control: { spec: { traits: { forbidden: ["HW_CPU_X86_SGX"] } } },
      at: "spec.traits",
      refusedWith: "a trait cannot be required and forbidden at once",
    },
    { says: "a field is changed", before: {}, fault: { spec: { cpus: 2 } }, at: "spec", refusedWith: IMMUTABLE },
    {
      says: "a field is added",
      before: { spec: { traits: null } },
      fault: { spec: { traits: { required: ["HW_A"] } } },
      at: "spec",
      refusedWith: IMMUTABLE,
    },
    { says: "a field is removed", before: {}, fault: { spec: { traits: null } }, at: "spec", refusedWith: IMMUTABLE },
  ],
};
