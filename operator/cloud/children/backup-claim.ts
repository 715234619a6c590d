import { MANAGED_BY } from "#operator/api/marks.ts";
import { CLOUD_LABEL } from "#operator/clients/cloud-connection.ts";
import type { Desired } from "#runtime/api/object.ts";
import type { CloudDeployment } from "../deployment.ts";

/** The claim of a volume for backups. It has no owner: it is there for when the Cloud is not. */
export function backupClaim({ cloud }: CloudDeployment, name: string, storage: string): Desired {
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      name,
      namespace: cloud.metadata.namespace ?? "",
      labels: { ...MANAGED_BY, [CLOUD_LABEL]: cloud.metadata.name },
    },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } } },
  };
}
