import type { ServiceAccount } from "#operator/api/foreign.ts";
import type { Project } from "#operator/api/generated/project.ts";
import type { Desired } from "#runtime/api/object.ts";
import { namespaceOf } from "../names.ts";

/** The account of pods that name none: Kubernetes makes it in every namespace. */
export const DEFAULT_ACCOUNT = "default";

/**
 * Pods of this account hold no token unless they ask for it by name (`automountServiceAccountToken: true`): CDI's do not, and
 * they unpack what a tenant has them fetch.
 */
export function confinedAccount(project: Project): Desired {
  return { ...releasedAccount(project), automountServiceAccountToken: false };
}

/** The account with nothing of ours: what was applied before goes. */
export function releasedAccount(project: Project): Desired {
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: DEFAULT_ACCOUNT, namespace: namespaceOf(project) },
  };
}

export function isConfined(account: ServiceAccount): boolean {
  return account.automountServiceAccountToken === false;
}
