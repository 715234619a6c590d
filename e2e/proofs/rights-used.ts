import { type AuditEvent, userOf } from "./audit-log.ts";

/** One thing that somebody may do, or did: the unit in which RBAC is compared. */
export interface Right {
  readonly verb: string;
  readonly group: string;
  /** With its subresource: `servers/status`. */
  readonly resource: string;
  /** Where: in the whole cluster, in one namespace by name, or in Projects' namespaces, where a role is bound. */
  readonly scope: string;
}

/** `patch servers.nephele.dev/status (cluster)`: one text for one right, to compare and to show. */
export function rightText({ verb, group, resource, scope }: Right): string {
  const [plural = "", ...sub] = resource.split("/");
  return `${verb} ${[group === "" ? plural : `${plural}.${group}`, ...sub].join("/")} (${scope})`;
}

/** What a user asked for, by what came of it. */
export interface Used {
  readonly allowed: ReadonlyMap<string, Right>;
  /** Refused by RBAC (403 that admission did not give). Must be empty. */
  readonly refused: ReadonlyMap<string, Right>;
}

/**
 * What a user asked of the API server.
 * @param scopeOf names the scope that a request needs the right in: `cluster` where no namespace is asked for
 */
export function rightsUsed(
  events: readonly AuditEvent[],
  user: string,
  scopeOf: (namespace: string | undefined, right: Omit<Right, "scope">) => string,
): Used {
  const [allowed, refused] = [new Map<string, Right>(), new Map<string, Right>()];
  for (const event of events) {
    const { objectRef } = event;
    if (userOf(event) !== user || objectRef?.resource === undefined) continue;
    const { resource, subresource, apiGroup = "", namespace } = objectRef;
    const right = {
      verb: event.verb,
      group: apiGroup,
      resource: subresource === undefined ? resource : `${resource}/${subresource}`,
    };
    // A Namespace's own requests carry its name as namespace, but the right is the cluster's.
    const scope = scopeOf(resource === "namespaces" ? undefined : namespace, right);
    const whole = { ...right, scope };
    const target = event.responseStatus?.code === 403 && isRbac(event) ? refused : allowed;
    target.set(rightText(whole), whole);
  }
  return { allowed, refused };
}

/** The authorizer's verdict stands in an annotation; admission's 403 comes after an allow. */
function isRbac(event: AuditEvent & { readonly annotations?: Readonly<Record<string, string>> }): boolean {
  return event.annotations?.["authorization.k8s.io/decision"] !== "allow";
}
