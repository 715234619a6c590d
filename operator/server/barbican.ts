import type { Call } from "#operator/clients/call.ts";
import type { CloudAccess } from "#operator/clients/cloud-access.ts";
import type { Logger } from "#runtime/observe/log.ts";
import type { Payloads } from "./payloads.ts";

/**
 * Payloads out of the Project's own Barbican, with a token of that Project alone. A line goes to the audit log before
 * each is asked for.
 */
export function barbicanPayloads({
  access,
  audit,
}: {
  readonly access: CloudAccess;
  readonly audit: Logger;
}): Payloads {
  return {
    async read({ cloud, projectId, secretId, object, purpose, reconcileId, signal }) {
      const call: Call = { signal, requestId: `req-${reconcileId}` };
      const clients = await access.forCloud(cloud);
      const { userId } = await clients.keystone(call).whoAmI();
      const { secrets } = clients.project(projectId, call).barbican;
      return secrets.readPayload(secretId, {
        audit: async () => {
          const what = { object, purpose, projectId, secretId, userId, requestId: call.requestId };
          audit.info({ audit: "payload-read", ...what }, "a secret's payload is read");
        },
      });
    },
  };
}
