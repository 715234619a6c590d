import { describe, expect, test } from "vitest";
import { grantedMinusUsed, type PolicyRule, type RbacObject, rightsGranted } from "./rbac.ts";

const account = { namespace: "nephele-system", name: "nephele-operator" };
const subjects = [{ kind: "ServiceAccount", ...account }];
const secretsGet: PolicyRule = { apiGroups: [""], resources: ["secrets"], verbs: ["get"] };

function clusterRole(name: string, ...rules: PolicyRule[]): RbacObject {
  return { kind: "ClusterRole", metadata: { name }, rules };
}
const clusterBinding: RbacObject = {
  kind: "ClusterRoleBinding",
  metadata: { name: "b" },
  roleRef: { kind: "ClusterRole", name: "operator" },
  subjects,
};
const binding: RbacObject = {
  kind: "RoleBinding",
  metadata: { name: "b", namespace: "nephele-system" },
  roleRef: { kind: "ClusterRole", name: "operator" },
  subjects,
};

const names = (objects: readonly RbacObject[], running?: Parameters<typeof rightsGranted>[2]): readonly string[] => [
  ...rightsGranted(objects, account, running).rights.keys(),
];

describe("rights granted", () => {
  test("a rule is expanded to one right for each verb, group and resource", () => {
    const rule = { apiGroups: ["nephele.dev"], resources: ["servers", "servers/status"], verbs: ["get", "patch"] };
    expect(names([clusterRole("operator", rule), clusterBinding])).toEqual([
      "get servers.nephele.dev (cluster)",
      "patch servers.nephele.dev (cluster)",
      "get servers.nephele.dev/status (cluster)",
      "patch servers.nephele.dev/status (cluster)",
    ]);
  });

  test.each([
    ["through a RoleBinding they hold in its namespace", binding, ["get secrets (namespace nephele-system)"]],
    ["what is bound to somebody else does not count", { ...binding, subjects: [{ kind: "User", name: "x" }] }, []],
    ["a role that nobody binds grants nothing", { ...binding, subjects: [] }, []],
  ])("%s", (_, bound, expected) => {
    expect(names([clusterRole("operator", secretsGet), bound])).toEqual(expected);
  });

  test("a role that is bound while running holds where it is bound", () => {
    const running = [{ role: "in-projects", scope: "projects" }];
    expect(names([clusterRole("in-projects", secretsGet)], running)).toEqual(["get secrets (projects)"]);
  });

  test("a binding of a role that no manifest has is an error that names it", () => {
    expect(() => names([clusterBinding])).toThrow("ClusterRole operator is bound, and no manifest has it");
  });

  test.each([
    ["verbs", { ...secretsGet, verbs: ["*"] }],
    ["resources", { ...secretsGet, resources: ["*"] }],
    ["subresources", { ...secretsGet, resources: ["*/status"] }],
    ["groups", { ...secretsGet, apiGroups: ["*"] }],
  ])("a wildcard in %s is told", (_, rule) => {
    expect(rightsGranted([clusterRole("operator", rule), clusterBinding], account).wildcards).toHaveLength(1);
  });
});

describe("granted minus used", () => {
  const granted = rightsGranted(
    [clusterRole("operator", { ...secretsGet, verbs: ["get", "list", "watch"] }), clusterBinding],
    account,
  );
  const right = { verb: "get", group: "", resource: "secrets", scope: "cluster" };

  test("leaves what nobody used", () => {
    const used = new Map([["get secrets (cluster)", right]]);
    expect(grantedMinusUsed(granted, used)).toEqual(["list secrets (cluster)", "watch secrets (cluster)"]);
  });

  test("a use in a namespace does not justify the right in the cluster", () => {
    const used = new Map([["get secrets (projects)", { ...right, scope: "projects" }]]);
    expect(grantedMinusUsed(granted, used)).toContain("get secrets (cluster)");
  });

  test("leaves out what is excused with a reason", () => {
    const used = new Map([["get secrets (cluster)", right]]);
    const excused = { "list secrets (cluster)": "only where the API server cannot stream" };
    expect(grantedMinusUsed(granted, used, excused)).toEqual(["watch secrets (cluster)"]);
  });
});
