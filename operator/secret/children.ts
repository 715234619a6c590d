import type { CoreSecret } from "#operator/api/foreign.ts";
import type { Secret } from "#operator/api/generated/secret.ts";
import { BY_OPERATOR, MANAGED_BY_LABEL } from "#operator/api/marks.ts";
import type { Desired } from "#runtime/api/object.ts";
import { controllerReference } from "#runtime/api/resource.ts";
import { alreadyApplied } from "#runtime/client/applied.ts";

export const MANAGED_BY: Readonly<Record<string, string>> = { [MANAGED_BY_LABEL]: BY_OPERATOR };
/** Names our Secret that a core Secret is of. */
export const SECRET_LABEL = "nephele.dev/secret";
const VERSION_ANNOTATION = "nephele.dev/version";
const MAC_ANNOTATION = "nephele.dev/content-mac";

/** A core Secret of `syncTo`, apart from what it holds. */
export interface SyncedFrame {
  readonly metadata: Desired["metadata"];
  readonly key: string;
  readonly mac: string;
}

/** What `syncTo` makes, without the payload: enough to see whether what is there is as it should be. */
export function syncedFrame(
  secret: Secret,
  syncTo: { name: string; key: string },
  version: number,
  mac: string,
): SyncedFrame {
  const { name, namespace } = secret.metadata;
  return {
    key: syncTo.key,
    mac,
    metadata: {
      name: syncTo.name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...MANAGED_BY, [SECRET_LABEL]: name },
      annotations: { [VERSION_ANNOTATION]: String(version), [MAC_ANNOTATION]: mac },
      ownerReferences: [controllerReference(secret)],
    },
  };
}

/** The core Secret to create. */
export function syncedSecret(frame: SyncedFrame, payload: Uint8Array): Desired {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: frame.metadata,
    type: "Opaque",
    data: { [frame.key]: Buffer.from(payload).toString("base64") },
  };
}

/**
 * The merge patch that makes an existing one right: keys of others go, owners of earlier objects of the name too. It
 * carries what was read, so that it never lands on another object.
 */
export function syncedPatch(current: CoreSecret, frame: SyncedFrame, payload: Uint8Array): unknown {
  const foreign = Object.keys(current.data ?? {}).filter((key) => key !== frame.key);
  const { uid, resourceVersion } = current.metadata;
  const { labels, annotations, ownerReferences } = frame.metadata;
  return {
    metadata: { uid, resourceVersion, labels, annotations, ownerReferences },
    data: {
      ...Object.fromEntries(foreign.map((key) => [key, null])),
      [frame.key]: Buffer.from(payload).toString("base64"),
    },
  };
}

/** The version that a core Secret says it holds, and the MAC that was written with it. */
export function syncedState(current: CoreSecret): { readonly version: number; readonly mac: string | undefined } {
  const annotations = current.metadata.annotations ?? {};
  return { version: Number(annotations[VERSION_ANNOTATION] ?? 0), mac: annotations[MAC_ANNOTATION] };
}

/** Whether all but the content is right: the content is compared by its MAC. */
export function frameFits(current: CoreSecret, frame: SyncedFrame): boolean {
  const keys = Object.keys(current.data ?? {});
  return keys.length === 1 && keys[0] === frame.key && alreadyApplied(current.metadata, frame.metadata);
}

/** Whether the operator made this core Secret for the named Secret of ours. */
export function isSyncedFor(current: CoreSecret, secretName: string): boolean {
  const labels = current.metadata.labels ?? {};
  return labels[MANAGED_BY_LABEL] !== undefined && labels[SECRET_LABEL] === secretName;
}

export function isManaged(current: CoreSecret): boolean {
  return current.metadata.labels?.[MANAGED_BY_LABEL] !== undefined;
}
