import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ACCEPTED, type Sender, uniqueName, untilRefused } from "../testing/api-server.ts";
import { type Manifest, merge, type Patch } from "../testing/rule-case.ts";
import { OPERATOR, openWorkbench, type Workbench } from "../testing/workbench.ts";

const API = "/apis/rbac.authorization.k8s.io/v1";
const apiVersion = "rbac.authorization.k8s.io/v1";
const apiGroup = "rbac.authorization.k8s.io";
const ALL_OF_RBAC = ["roles", "rolebindings", "clusterroles", "clusterrolebindings"];
/** With escalate and bind, so that nothing but the policies stands in the way. */
const RIGHTS = [
  { apiGroups: [apiGroup], resources: ALL_OF_RBAC, verbs: ["create", "update", "delete", "escalate", "bind"] },
];

const DEV = { apiGroup, kind: "User", name: "dev-1" };
const DEVS = { apiGroup, kind: "Group", name: "corp:devs" };
const SELF = { kind: "ServiceAccount", name: "nephele-operator", namespace: "nephele-system" };
const TENANT = { kind: "ServiceAccount", name: "images", namespace: "team-b" };

const MEMBERS_ONLY = "the operator may bind members' roles only to users and groups, and never to system:*";
const SELF_ONLY = "the operator may bind nephele:project-operator only to itself";
const ACCOUNTS_ONLY = "the operator may bind nephele:image-source:* only to service accounts";
const NOT_ITS_OWN = "it is none of its own roles";
const IMAGE_ROLES_ONLY = "the operator may make only roles nephele:image-source:<name>";

let bench: Workbench;
let operator: Sender;
let other: Sender;
let home: string;
let elsewhere: string;

beforeAll(async () => {
  bench = await openWorkbench();
  operator = await bench.user(OPERATOR, RIGHTS);
  other = await bench.user("other", RIGHTS);
  home = await bench.namespace({ labels: { "nephele.dev/project": "team-a" } });
  elsewhere = await bench.namespace();
  // Until the policies are at work.
  for (const plural of ["rolebindings", "roles"]) {
    await untilRefused(() =>
      operator.judge("POST", `${API}/namespaces/${elsewhere}/${plural}`, plural === "roles" ? imageRole() : binding()),
    );
  }
});
afterAll(() => bench.close());

function binding(role = "nephele:project-member", subjects: readonly Patch[] = [DEV], kind = "ClusterRole"): Manifest {
  const metadata = { name: uniqueName("rules") };
  return { apiVersion, kind: "RoleBinding", metadata, roleRef: { apiGroup, kind, name: role }, subjects };
}

const CLONE_ONE = {
  apiGroups: ["cdi.kubevirt.io"],
  resources: ["datavolumes/source"],
  verbs: ["create"],
  resourceNames: ["debian-13"],
};

function imageRole(rule: Patch = {}, name = uniqueName("nephele:image-source:debian")): Manifest {
  return { apiVersion, kind: "Role", metadata: { name }, rules: [merge(CLONE_ONE, rule)] };
}

describe("the operator binds in a Project's namespace", () => {
  const bind = (object: Manifest) => operator.judge("POST", `${API}/namespaces/${home}/rolebindings`, object);

  test.each<readonly [string, Manifest, string]>([
    ["readers", binding("nephele:project-reader", [DEV]), ACCEPTED],
    ["members", binding("nephele:project-member", [DEV, DEVS]), ACCEPTED],
    ["managers", binding("nephele:project-manager", [DEVS]), ACCEPTED],
    ["who may run pods", binding("nephele:project-workloads", [DEV]), ACCEPTED],
    ["nobody", binding("nephele:project-member", []), ACCEPTED],
    ["itself", binding("nephele:project-operator", [SELF]), ACCEPTED],
    ["who may clone an Image", binding("nephele:image-source:debian-13", [TENANT], "Role"), ACCEPTED],
    ["never cluster-admin", binding("cluster-admin"), NOT_ITS_OWN],
    ["never edit", binding("edit"), NOT_ITS_OWN],
    ["never a role that only begins like its own", binding("nephele:project-member-and-more"), NOT_ITS_OWN],
    [
      "never a Role of the namespace by its own role's name",
      binding("nephele:project-member", [DEV], "Role"),
      NOT_ITS_OWN,
    ],
    [
      "never members of system:*",
      binding("nephele:project-member", [{ ...DEVS, name: "system:authenticated" }]),
      MEMBERS_ONLY,
    ],
    ["never service accounts as members", binding("nephele:project-member", [TENANT]), MEMBERS_ONLY],
    ["never a user as itself", binding("nephele:project-operator", [DEV]), SELF_ONLY],
    [
      "never another service account as itself",
      binding("nephele:project-operator", [SELF, { ...SELF, name: "default" }]),
      SELF_ONLY,
    ],
    [
      "never its own name in another namespace as itself",
      binding("nephele:project-operator", [{ ...SELF, namespace: "team-a" }]),
      SELF_ONLY,
    ],
    ["never users to an Image", binding("nephele:image-source:debian-13", [DEV], "Role"), ACCOUNTS_ONLY],
  ])("%s", async (_says, object, expected) => {
    expect(await bind(object)).toContain(expected);
  });

  test("and does not change a binding into one that it may not make", async () => {
    const path = await bench.create(`${API}/namespaces/${home}/rolebindings`, binding());
    const now = await bench.admin.send("GET", path);
    expect(await operator.judge("PUT", path, merge(now, { subjects: [TENANT] }))).toContain(MEMBERS_ONLY);
    expect(await operator.judge("PUT", path, merge(now, { subjects: [DEVS] }))).toBe(ACCEPTED);
  });

  test("and does not add subjects to somebody else's binding", async () => {
    const path = await bench.create(`${API}/namespaces/${home}/rolebindings`, binding("admin"));
    const now = await bench.admin.send("GET", path);
    expect(await operator.judge("PUT", path, merge(now, { subjects: [DEV, DEVS] }))).toContain(NOT_ITS_OWN);
    expect(await other.judge("PUT", path, merge(now, { subjects: [DEV, DEVS] }))).toBe(ACCEPTED);
  });
});

describe("the operator makes in a Project's namespace", () => {
  test.each<readonly [string, () => Manifest, string]>([
    ["a role to clone one Image", () => imageRole(), ACCEPTED],
    ["no role for all Images", () => imageRole({ resourceNames: null }), IMAGE_ROLES_ONLY],
    ["no role for Images of an empty list of names", () => imageRole({ resourceNames: [] }), IMAGE_ROLES_ONLY],
    ["no role to do more with an Image", () => imageRole({ verbs: ["create", "delete"] }), IMAGE_ROLES_ONLY],
    ["no role for whole volumes", () => imageRole({ resources: ["datavolumes"] }), IMAGE_ROLES_ONLY],
    ["no role for Secrets", () => imageRole({ apiGroups: [""], resources: ["secrets"] }), IMAGE_ROLES_ONLY],
    ["no role of another name", () => imageRole({}, "rules-images"), IMAGE_ROLES_ONLY],
  ])("%s", async (_says, object, expected) => {
    expect(await operator.judge("POST", `${API}/namespaces/${home}/roles`, object())).toContain(expected);
  });

  test("a role that it does not widen later", async () => {
    const path = await bench.create(`${API}/namespaces/${home}/roles`, imageRole());
    const now = await bench.admin.send("GET", path);
    const more = { rules: [CLONE_ONE, { ...CLONE_ONE, resourceNames: null }] };
    expect(await operator.judge("PUT", path, merge(now, more))).toContain(IMAGE_ROLES_ONLY);
    expect(await operator.judge("PUT", path, merge(now, { rules: [CLONE_ONE, CLONE_ONE] }))).toBe(ACCEPTED);
  });
});

describe("in a namespace that is no Project's", () => {
  test("the operator binds nothing, and others may", async () => {
    const path = `${API}/namespaces/${elsewhere}/rolebindings`;
    expect(await operator.judge("POST", path, binding())).toContain(
      "the operator may bind roles in namespaces of Projects only",
    );
    expect(await other.judge("POST", path, binding("edit"))).toBe(ACCEPTED);
  });

  test("the operator makes no role, and others may", async () => {
    const path = `${API}/namespaces/${elsewhere}/roles`;
    expect(await operator.judge("POST", path, imageRole())).toContain(
      "the operator may make roles in namespaces of Projects only",
    );
    expect(await other.judge("POST", path, imageRole({ resources: ["datavolumes"] }))).toBe(ACCEPTED);
  });
});

describe("in the whole cluster", () => {
  test.each<readonly [string, Manifest]>([
    ["clusterroles", { ...imageRole(), kind: "ClusterRole" }],
    ["clusterrolebindings", { ...binding(), kind: "ClusterRoleBinding" }],
  ])("the operator makes no %s, and others may", async (plural, object) => {
    const ask = (sender: Sender) => sender.judge("POST", `${API}/${plural}`, object);
    expect(await ask(operator)).toContain("the operator gives no rights in the whole cluster");
    expect(await ask(other)).toBe(ACCEPTED);
  });
});

describe("the operator takes away", () => {
  const made = { metadata: { labels: { "app.kubernetes.io/managed-by": "nephele" } } };

  test.each<readonly [string, () => Manifest]>([
    ["rolebindings", () => binding()],
    ["roles", () => imageRole()],
  ])("of %s only what it made", async (plural, object) => {
    const path = `${API}/namespaces/${home}/${plural}`;
    const [ours, theirs] = [await bench.create(path, merge(object(), made)), await bench.create(path, object())];
    // It may be that this policy is not at work yet though the others are.
    await untilRefused(() => operator.judge("DELETE", theirs));
    expect(await operator.judge("DELETE", theirs)).toContain("the operator may delete only what it made");
    expect(await operator.judge("DELETE", ours)).toBe(ACCEPTED);
    expect(await other.judge("DELETE", theirs)).toBe(ACCEPTED);
  });
});
