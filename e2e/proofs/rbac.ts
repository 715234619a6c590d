import type { Right } from "./rights-used.ts";
import { rightText } from "./rights-used.ts";

/** Objects of rbac.authorization.k8s.io/v1, as the manifests have them. */
export interface RbacObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly PolicyRule[];
  readonly roleRef?: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[];
}

export interface PolicyRule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly verbs?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

/** A role that is bound while running, in namespaces that no manifest names. */
export interface BoundWhileRunning {
  readonly role: string;
  readonly scope: string;
}

/** What a service account is granted. */
export interface Granted {
  readonly rights: ReadonlyMap<string, Right>;
  /** Rules that say `*`, which may not be: nobody can tell what they grant. */
  readonly wildcards: readonly string[];
}

/** Expands all rules that reach a service account to single rights. Names of objects are left out: see {@link Right}. */
export function rightsGranted(
  objects: readonly RbacObject[],
  account: { readonly namespace: string; readonly name: string },
  boundWhileRunning: readonly BoundWhileRunning[] = [],
): Granted {
  const rights = new Map<string, Right>();
  const wildcards: string[] = [];
  const role = (kind: string, name: string, namespace?: string): RbacObject => {
    const found = objects.find(
      (object) =>
        object.kind === kind &&
        object.metadata.name === name &&
        (kind === "ClusterRole" || object.metadata.namespace === namespace),
    );
    if (found === undefined) throw new Error(`${kind} ${name} is bound, and no manifest has it`);
    return found;
  };
  const grant = ({ metadata, rules = [] }: RbacObject, scope: string): void => {
    for (const right of rules.flatMap((rule) => expand(rule, scope))) {
      if ([right.verb, right.group, right.resource].some((word) => word.includes("*"))) {
        wildcards.push(`${metadata.name}: ${rightText(right)}`);
      }
      rights.set(rightText(right), right);
    }
  };
  for (const { kind, metadata, roleRef, subjects = [] } of objects) {
    const bound = subjects.some(
      (subject) =>
        subject.kind === "ServiceAccount" && subject.name === account.name && subject.namespace === account.namespace,
    );
    if (!bound || roleRef === undefined) continue;
    const scope = kind === "ClusterRoleBinding" ? "cluster" : `namespace ${metadata.namespace ?? "?"}`;
    grant(role(roleRef.kind, roleRef.name, metadata.namespace), scope);
  }
  for (const { role: name, scope } of boundWhileRunning) grant(role("ClusterRole", name), scope);
  return { rights, wildcards };
}

function expand({ apiGroups = [], resources = [], verbs = [] }: PolicyRule, scope: string): readonly Right[] {
  return apiGroups.flatMap((group) =>
    resources.flatMap((resource) => verbs.map((verb) => ({ verb, group, resource, scope }))),
  );
}

/** Granted and never used: each is a hole without a purpose. `excused` maps a right to why no test can use it. */
export function grantedMinusUsed(
  granted: Granted,
  used: ReadonlyMap<string, Right>,
  excused: Readonly<Record<string, string>> = {},
): readonly string[] {
  return [...granted.rights.keys()].filter((right) => !used.has(right) && excused[right] === undefined).sort();
}
