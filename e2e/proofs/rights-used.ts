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
 * What a user asked of the API server. Some requests use more than one right: server-side apply that makes a new object
 * (a patch that is answered by 201) needs `create` too, and a watch that begins with the state there is stands for `list`.
 * @param by the user, and his program: others may impersonate him
 * @param scopeOf names the scope that a request needs the right in: `cluster` where no namespace is asked for
 */
export function rightsUsed(
  events: readonly AuditEvent[],
  by: { readonly user: string; readonly userAgent: RegExp },
  scopeOf: (namespace: string | undefined, right: Omit<Right, "scope">) => string,
): Used {
  const [allowed, refused] = [new Map<string, Right>(), new Map<string, Right>()];
  for (const event of events) {
    const { objectRef } = event;
    if (userOf(event) !== by.user || objectRef?.resource === undefined) continue;
    if (!by.userAgent.test(event.userAgent ?? "")) continue;
    const { resource, subresource, apiGroup = "", namespace } = objectRef;
    const right = {
      verb: event.verb,
      group: apiGroup,
      resource: subresource === undefined ? resource : `${resource}/${subresource}`,
    };
    // A Namespace's own requests carry its name as namespace, but the right is the cluster's.
    const scope = scopeOf(resource === "namespaces" ? undefined : namespace, right);
    const code = event.responseStatus?.code;
    const target = code === 403 && isRbac(event) ? refused : allowed;
    for (const verb of [event.verb, ...alsoUsed(event.verb, code)]) {
      const whole = { ...right, verb, scope };
      target.set(rightText(whole), whole);
    }
  }
  return { allowed, refused };
}

function alsoUsed(verb: string, code: number | undefined): readonly string[] {
  if (verb === "patch" && code === 201) return ["create"];
  return verb === "watch" && code === 200 ? ["list"] : [];
}

/** The authorizer's verdict stands in an annotation; admission's 403 comes after an allow. */
function isRbac(event: AuditEvent & { readonly annotations?: Readonly<Record<string, string>> }): boolean {
  return event.annotations?.["authorization.k8s.io/decision"] !== "allow";
}
