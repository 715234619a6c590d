import type { CloudAccess } from "#operator/clients/cloud-access.ts";
import { recordPayloadRead } from "#operator/payload-read.ts";
import type { Payloads } from "#operator/server/payloads.ts";
import type { Logger } from "#runtime/observe/log.ts";

/** Payloads for guests, out of Barbican with a token of the Server's own project, each read on record before it is. */
export function barbicanPayloads(access: CloudAccess, audit: Logger): Payloads {
  return {
    async read({ cloud, projectId, secretId, object, purpose, reconcileId, signal }) {
      const clients = await access.forCloud(cloud);
      const call = { signal, requestId: `req-${reconcileId}` };
      const { userId } = await clients.keystone(call).whoAmI();
      return clients.project(projectId, call).barbican.secrets.readPayload(secretId, {
        audit: async () =>
          recordPayloadRead(audit, { object, purpose, projectId, secretId, userId, requestId: call.requestId }),
      });
    },
  };
}
