import type { Subject } from "kubernetes-types/rbac/v1.d.ts";
import type { Project } from "#operator/api/generated/project.ts";
import type { Desired } from "#runtime/api/object.ts";
import { childLabels, namespaceOf } from "../names.ts";

/** The fixed ClusterRoles; the operator may bind these and no others. charts/nephele/rbac has their rules. */
export const CLUSTER_ROLES = {
  reader: "nephele:project-reader",
  member: "nephele:project-member",
  manager: "nephele:project-manager",
  workloads: "nephele:project-workloads",
  operator: "nephele:project-operator",
} as const;

/** Holds the operator's own RoleBinding until all that must be cleaned up with it has been. */
export const ACCESS_FINALIZER = "nephele.dev/project";

/** The operator's service account. */
export interface OperatorAccount {
  readonly namespace: string;
  readonly name: string;
}

/** Gives the operator the core Secrets of this namespace, and of no other. */
export function operatorBinding(project: Project, operator: OperatorAccount): Desired {
  const subject: Subject = { kind: "ServiceAccount", name: operator.name, namespace: operator.namespace };
  const binding = roleBinding(project, CLUSTER_ROLES.operator, [subject]);
  return { ...binding, metadata: { ...binding.metadata, finalizers: [ACCESS_FINALIZER] } };
}

/**
 * What the members may do in the namespace: one RoleBinding for each role that somebody has. A member without a
 * `kubernetes` name has none, and in a disabled Project there is none at all.
 */
export function memberBindings(project: Project): readonly Desired[] {
  const { members = [], enabled, workloads } = project.spec;
  if (!enabled) return [];
  const subjectsOf = (roles: readonly string[]): readonly Subject[] =>
    uniqueSubjects(members.flatMap(({ role, kubernetes }) => (kubernetes && roles.includes(role) ? [kubernetes] : [])));
  const bindings: readonly (readonly [string, readonly Subject[]])[] = [
    [CLUSTER_ROLES.reader, subjectsOf(["reader"])],
    [CLUSTER_ROLES.member, subjectsOf(["member"])],
    [CLUSTER_ROLES.manager, subjectsOf(["manager"])],
    // Running pods is more than reading: not for readers.
    [CLUSTER_ROLES.workloads, workloads ? subjectsOf(["member", "manager"]) : []],
  ];
  return bindings.flatMap(([role, subjects]) => (subjects.length === 0 ? [] : [roleBinding(project, role, subjects)]));
}

function roleBinding(project: Project, role: string, subjects: readonly Subject[]): Desired {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name: role, namespace: namespaceOf(project), labels: childLabels(project) },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
    subjects,
  };
}

/** In one order, so that the same members make the same RoleBinding. `system:*` is refused by the API already. */
function uniqueSubjects(
  names: readonly { readonly kind: "User" | "Group"; readonly name: string }[],
): readonly Subject[] {
  const sorted = [
    ...new Set(names.filter(({ name }) => !name.startsWith("system:")).map(({ kind, name }) => `${kind}/${name}`)),
  ];
  return sorted.sort().map((key) => {
    const slash = key.indexOf("/");
    return { apiGroup: "rbac.authorization.k8s.io", kind: key.slice(0, slash), name: key.slice(slash + 1) };
  });
}
