import type { RemoteConsole } from "#operator/api/generated/remoteconsole.ts";

/**
 * What of a RemoteConsole the proxy judges by. Labels, annotations and conditions are as long as their writer likes, and a
 * tenant may make many: they are not kept.
 */
export function whatCounts({ apiVersion, kind, metadata, spec, status }: RemoteConsole): RemoteConsole {
  const { namespace, name, uid, resourceVersion, creationTimestamp, deletionTimestamp } = metadata;
  const { phase, serverUID, tokenHash, expiresAt, usedAt } = status ?? {};
  return {
    apiVersion,
    kind,
    metadata: {
      ...{ name, uid, resourceVersion, creationTimestamp },
      ...(namespace === undefined ? {} : { namespace }),
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    },
    spec,
    status: {
      ...(phase === undefined ? {} : { phase }),
      ...(serverUID === undefined ? {} : { serverUID }),
      ...(tokenHash === undefined ? {} : { tokenHash }),
      ...(expiresAt === undefined ? {} : { expiresAt }),
      ...(usedAt === undefined ? {} : { usedAt }),
    },
  };
}
