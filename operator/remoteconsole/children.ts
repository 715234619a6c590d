import { type CoreSecret, coreSecrets } from "#operator/api/foreign.ts";
import type { RemoteConsole } from "#operator/api/generated/remoteconsole.ts";
import { BY_OPERATOR, MANAGED_BY, MANAGED_BY_LABEL } from "#operator/api/marks.ts";
import { type Desired, isDeleting, type OwnerReference } from "#runtime/api/object.ts";
import { apiVersionOf } from "#runtime/api/resource.ts";

/**
 * The core Secret of a namespace with its consoles' URLs, by the names of the RemoteConsoles. One of a fixed name: so the
 * fixed roles of members can name it, who read no other core Secret.
 */
export const CONSOLES_SECRET = "nephele-consoles";

/** A URL that is to stand in the Secret. */
export interface NewUrl {
  readonly request: RemoteConsole;
  readonly url: string;
}

/** How the Secret is to be written. */
export type SecretChange =
  | { readonly kind: "none" }
  | { readonly kind: "create"; readonly object: Desired }
  /** A merge patch that counts only if nothing changed since it was read. */
  | { readonly kind: "patch"; readonly patch: unknown }
  | { readonly kind: "delete"; readonly uid: string; readonly resourceVersion: string }
  /** It is somebody's. */
  | { readonly kind: "foreign" };

/**
 * What must be done so that the Secret has the URLs of those that are given and were not used, and nothing else. It is owned by
 * all of them: with the last it goes.
 * @param current as it was read, not from a cache
 * @param given RemoteConsoles of the namespace whose URLs may stay, as they were known after that read
 */
export function secretChange(
  namespace: string,
  current: CoreSecret | undefined,
  given: readonly RemoteConsole[],
  added?: NewUrl,
): SecretChange {
  const others = given.filter(({ metadata }) => metadata.uid !== added?.request.metadata.uid);
  const staying = others.filter(({ metadata }) => current?.data?.[metadata.name] !== undefined);
  const data = added === undefined ? {} : { [added.request.metadata.name]: Buffer.from(added.url).toString("base64") };
  const owners = [...staying, ...(added === undefined ? [] : [added.request])].map(ownerReference);
  if (current === undefined) {
    if (added === undefined) return { kind: "none" };
    const labels = { ...MANAGED_BY, [MANAGED_BY_LABEL]: BY_OPERATOR };
    const metadata = { name: CONSOLES_SECRET, namespace, labels, ownerReferences: owners };
    const object = { apiVersion: apiVersionOf(coreSecrets), kind: coreSecrets.kind, metadata, type: "Opaque", data };
    return { kind: "create", object };
  }
  if (current.metadata.labels?.[MANAGED_BY_LABEL] !== BY_OPERATOR)
    return added === undefined ? { kind: "none" } : { kind: "foreign" };
  const { uid, resourceVersion } = current.metadata;
  if (owners.length === 0) return { kind: "delete", uid, resourceVersion };
  const kept = new Set(staying.map(({ metadata }) => metadata.name));
  const gone = Object.keys(current.data ?? {}).filter((key) => !kept.has(key) && !(key in data));
  if (added === undefined && gone.length === 0) return { kind: "none" };
  const metadata = { uid, resourceVersion, ownerReferences: owners };
  return {
    kind: "patch",
    patch: { metadata, data: { ...Object.fromEntries(gone.map((key) => [key, null])), ...data } },
  };
}

/** Whether the URL of a RemoteConsole may stay in the Secret. One that is there may not be said in the status yet. */
export function mayStay(request: RemoteConsole): boolean {
  const { phase, usedAt } = request.status ?? {};
  return (
    (phase === undefined || phase === "Pending" || phase === "Issued") && usedAt === undefined && !isDeleting(request)
  );
}

/** Not its controller: there can be one of these alone. */
function ownerReference({ apiVersion, kind, metadata }: RemoteConsole): OwnerReference {
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid };
}
