import type { SecretAccess } from "#operator/api/generated/secret.ts";
import type { Acl } from "./key-manager.ts";

/** What Barbican does without an ACL: members of the project read, nobody else. */
export const DEFAULT_ACL: Acl = { projectAccess: true, users: [] };

/** Whether the spec asks for more than the default. An imported secret's own ACL is left alone unless it does. */
export function isDefaultAccess(access: SecretAccess): boolean {
  return access.project && (access.users ?? []).length === 0;
}

export function sameAcl(a: Acl, b: Acl): boolean {
  const [left, right] = [new Set(a.users), new Set(b.users)];
  return a.projectAccess === b.projectAccess && left.size === right.size && [...left].every((id) => right.has(id));
}
