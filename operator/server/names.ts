import type { Server } from "#operator/api/generated/server.ts";
import { SERVER_LABEL, SERVER_UID_ANNOTATION } from "#operator/api/marks.ts";
import type { Desired, KubeObject, ObjectKey } from "#runtime/api/object.ts";
import { controllerReference } from "#runtime/api/resource.ts";

/** Annotation of the machine's template and so of each instance: the {@link filesRevision} that its launcher mounted. */
export const FILES_ANNOTATION = "nephele.dev/files";

export function keyOfServer(server: Server): { readonly namespace: string; readonly name: string } {
  return { namespace: server.metadata.namespace ?? "", name: server.metadata.name };
}

export function userDataSecretKey(server: Server): ObjectKey {
  return { ...keyOfServer(server), name: `nephele-user-data-${server.metadata.name}` };
}

export function filesSecretKey(server: Server): ObjectKey {
  return { ...keyOfServer(server), name: `nephele-files-${server.metadata.name}` };
}

/** Metadata of a thing that is the Server's own and goes with it. */
export function childMetadata(
  server: Server,
  name: string,
  annotations: Readonly<Record<string, string>> = {},
): Desired["metadata"] {
  return {
    name,
    namespace: server.metadata.namespace ?? "",
    labels: { "app.kubernetes.io/managed-by": "nephele", [SERVER_LABEL]: server.metadata.name },
    annotations,
    ownerReferences: [controllerReference(server)],
  };
}

/**
 * Metadata of a thing that is the Server's own and must not go before our cleanup has had it. Of a Server that is deleted
 * in the foreground Kubernetes deletes at once all that names it as an owner, and what those own: so it is not named.
 */
export function unownedMetadata(
  server: Server,
  name: string,
  annotations: Readonly<Record<string, string>> = {},
): Desired["metadata"] {
  const { ownerReferences: _none, ...metadata } = childMetadata(server, name, {
    ...annotations,
    [SERVER_UID_ANNOTATION]: server.metadata.uid,
  });
  return metadata;
}

/** Whether Kubernetes takes a thing away when the Server is gone. */
export function isCollected(child: KubeObject, server: Server): boolean {
  return child.metadata.ownerReferences?.some(({ uid }) => uid === server.metadata.uid) === true;
}

/** Whose a thing of the name that we would give it is. */
export function ownership(child: KubeObject, server: Server): "ours" | "leaving" | "foreign" {
  const { ownerReferences: owners = [], annotations } = child.metadata;
  if (isCollected(child, server) || annotations?.[SERVER_UID_ANNOTATION] === server.metadata.uid) return "ours";
  const former = owners.some(({ kind, name }) => kind === server.kind && name === server.metadata.name);
  return former || child.metadata.deletionTimestamp !== undefined ? "leaving" : "foreign";
}
