import { type AuditEvent, userOf } from "./audit-log.ts";

/** Writes of one user, counted by the API server. */
export interface Writes {
  /** All but Lease renewals and Events. */
  readonly total: number;
  /** Events (`events.k8s.io` and core's), which tell and do not change. */
  readonly events: number;
  /** By kind and verb: `patch servers.nephele.dev/status` → 2. */
  readonly byKind: Readonly<Record<string, number>>;
  /** By object: `servers.nephele.dev team-a/web-1` → 3. */
  readonly byObject: Readonly<Record<string, number>>;
}

const WRITING: ReadonlySet<string> = new Set(["create", "update", "patch", "delete", "deletecollection"]);

/**
 * Counts the writes that a user (and, where given, one of its programs) made, whether or not the API server found
 * something to change: a write that is refused or changes nothing costs the same.
 */
export function countWrites(
  events: readonly AuditEvent[],
  who: { readonly user: string; readonly userAgent?: RegExp },
): Writes {
  const byKind: Record<string, number> = {};
  const byObject: Record<string, number> = {};
  let [total, told] = [0, 0];
  for (const event of events) {
    const { objectRef, verb } = event;
    if (userOf(event) !== who.user || !WRITING.has(verb) || objectRef === undefined) continue;
    if (who.userAgent?.test(event.userAgent ?? "") === false) continue;
    if (objectRef.resource === "leases") continue;
    if (objectRef.resource === "events") {
      told += 1;
      continue;
    }
    total += 1;
    const resource = resourceText(objectRef);
    add(byKind, `${verb} ${resource}${objectRef.subresource === undefined ? "" : `/${objectRef.subresource}`}`);
    add(byObject, `${resource} ${[objectRef.namespace, objectRef.name ?? "?"].filter(Boolean).join("/")}`);
  }
  return { total, events: told, byKind, byObject };
}

function resourceText({ resource = "", apiGroup = "" }: NonNullable<AuditEvent["objectRef"]>): string {
  return apiGroup === "" ? resource : `${resource}.${apiGroup}`;
}

function add(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
