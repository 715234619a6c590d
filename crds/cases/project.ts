import type { Patch, RuleCase, RuleTable } from "../testing/rule-case.ts";

const NAME = "metadata.name must be a DNS label of at most 63 characters: lower-case letters, digits and '-'";
const RESERVED =
  "the namespaces default, nephele-system and kube-* cannot belong to a Project: set spec.namespace to another name";
const DURATION = "must be a duration above zero in hours, minutes and seconds, such as 720h, 1h30m or 45s";
const SIZE_OR_ZERO = "must be a quantity of whole bytes, zero or more, such as 2Gi";
const UNION = "a member is exactly one of user and group";
const ROLE = 'supported values: "reader", "member", "manager"';
const SYSTEM = "users and groups of Kubernetes itself (system:*) cannot be members";

const member = (...members: readonly Patch[]) => ({ spec: { members } });
const known = (kind: string, name: string) => member({ user: "dev-1", role: "reader", kubernetes: { kind, name } });

/** A field that is there from the start or never, and never changes. */
function immutable(
  field: string,
  first: unknown,
  second: unknown,
  changed: string,
  addedOrRemoved?: string,
): readonly RuleCase[] {
  const at = `spec.${field}`;
  const change = {
    says: `${field} is changed`,
    before: { spec: { [field]: first } },
    fault: { spec: { [field]: second } },
    at,
    refusedWith: changed,
  };
  if (addedOrRemoved === undefined) return [change];
  const presence = { at: "spec", refusedWith: addedOrRemoved };
  return [
    change,
    { says: `${field} is added`, before: {}, fault: { spec: { [field]: first } }, ...presence },
    {
      says: `${field} is removed`,
      before: { spec: { [field]: first } },
      fault: { spec: { [field]: null } },
      ...presence,
    },
  ];
}

export const projectRules: RuleTable = {
  kind: "Project",
  plural: "projects",
  base: { apiVersion: "nephele.dev/v1alpha1", kind: "Project", metadata: { name: "rule" }, spec: { protected: false } },
  cases: [
    {
      says: "a name of 65 characters",
      fault: { metadata: { name: "a".repeat(65) } },
      control: { metadata: { name: "a".repeat(63) } },
      at: "",
      refusedWith: NAME,
    },
    { says: "a name with a dot", fault: { metadata: { name: "team.a" } }, at: "", refusedWith: NAME },
    { says: "the namespace default", fault: { spec: { namespace: "default" } }, at: "", refusedWith: RESERVED },
    { says: "the namespace kube-system", fault: { spec: { namespace: "kube-system" } }, at: "", refusedWith: RESERVED },
    {
      says: "the operator's namespace",
      fault: { spec: { namespace: "nephele-system" } },
      at: "",
      refusedWith: RESERVED,
    },
    {
      says: "a reserved namespace by the Project's own name",
      fault: { metadata: { name: "kube-public" } },
      control: { metadata: { name: "kube-public" }, spec: { namespace: "team-a" } },
      at: "",
      refusedWith: RESERVED,
    },
    {
      says: "a namespace that is no DNS label",
      fault: { spec: { namespace: "Team_A" } },
      at: "spec.namespace",
      refusedWith: "must be a name of a namespace: lower-case letters, digits and '-'",
    },
    {
      says: "an empty Keystone name",
      fault: { spec: { name: "" } },
      at: "spec.name",
      refusedWith: "must not be empty and not begin or end with a space",
    },
    {
      says: "a Keystone name of spaces",
      fault: { spec: { name: "  " } },
      control: { spec: { name: "Team A" } },
      at: "spec.name",
      refusedWith: "must not be empty and not begin or end with a space",
    },
    {
      says: "an id with a slash",
      fault: { spec: { adopt: { id: "../users" } } },
      at: "spec.adopt.id",
      refusedWith: "must be an id of Keystone: letters, digits, '-' and '_'",
    },
    {
      says: "the role admin",
      fault: member({ user: "dev-1", role: "admin" }),
      control: member({ user: "dev-1", role: "manager" }),
      at: "spec.members[0].role",
      refusedWith: ROLE,
    },
    {
      says: "a credential with the role admin",
      fault: { spec: { credentials: { role: "admin" } } },
      at: "spec.credentials.role",
      refusedWith: ROLE,
    },
    {
      says: "a member that is user and group",
      fault: member({ user: "dev-1", group: "devs", role: "reader" }),
      control: member({ group: "devs", role: "reader" }),
      at: "spec.members[0]",
      refusedWith: UNION,
    },
    { says: "a member that is nobody", fault: member({ role: "reader" }), at: "spec.members[0]", refusedWith: UNION },
    {
      says: "the group system:masters",
      fault: known("Group", "system:masters"),
      control: known("Group", "corp:operators"),
      at: "spec.members[0].kubernetes.name",
      refusedWith: SYSTEM,
    },
    {
      says: "a service account by its user name",
      fault: known("User", "system:serviceaccount:team-b:default"),
      control: known("User", "dev-1"),
      at: "spec.members[0].kubernetes.name",
      refusedWith: SYSTEM,
    },
    {
      says: "a quota below zero",
      fault: { spec: { quota: { servers: -1 } } },
      control: { spec: { quota: { servers: 0 } } },
      at: "spec.quota.servers",
      refusedWith: "should be greater than or equal to 0",
    },
    {
      says: "a memory quota below zero",
      fault: { spec: { quota: { memory: "-1Gi" } } },
      control: { spec: { quota: { memory: "0" } } },
      at: "spec.quota.memory",
      refusedWith: SIZE_OR_ZERO,
    },
    {
      says: "a storage quota that is no quantity",
      fault: { spec: { quota: { storage: "1 TB" } } },
      control: { spec: { quota: { storage: "1Ti" } } },
      at: "spec.quota.storage",
      refusedWith: SIZE_OR_ZERO,
    },
    {
      says: "a rotation every zero hours",
      fault: { spec: { credentials: { rotateEvery: "0h" } } },
      at: "spec.credentials.rotateEvery",
      refusedWith: DURATION,
    },
    {
      says: "a rotation in days",
      fault: { spec: { credentials: { rotateEvery: "30d" } } },
      at: "spec.credentials.rotateEvery",
      refusedWith: DURATION,
    },
    {
      says: "a rotation below zero",
      fault: { spec: { credentials: { rotateEvery: "-1h" } } },
      at: "spec.credentials.rotateEvery",
      refusedWith: DURATION,
    },
    {
      says: "an empty rotation",
      fault: { spec: { credentials: { rotateEvery: "" } } },
      control: { spec: { credentials: { rotateEvery: "1h30m15s" } } },
      at: "spec.credentials.rotateEvery",
      refusedWith: DURATION,
    },
    ...immutable(
      "domain",
      "Default",
      "corp",
      "domain cannot be changed: Keystone does not move a project between domains",
    ),
    ...immutable(
      "namespace",
      "rule-a",
      "rule-b",
      "namespace cannot be changed: make another Project",
      "namespace cannot be added or removed later",
    ),
    ...immutable(
      "adopt",
      { id: "a1" },
      { id: "b2" },
      "adopt cannot be changed: make another Project",
      "adopt cannot be added or removed later",
    ),
    ...immutable(
      "cloudRef",
      { namespace: "nephele-system", name: "default" },
      { namespace: "nephele-system", name: "other" },
      "cloudRef cannot be changed: a Project does not move between Clouds",
      "cloudRef cannot be added or removed later",
    ),
  ],
};
