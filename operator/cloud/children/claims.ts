import { MANAGED_BY } from "#operator/api/marks.ts";
import { CLOUD_LABEL } from "#operator/clients/cloud-connection.ts";
import type { Desired } from "#runtime/api/object.ts";
import type { CloudDeployment } from "../deployment.ts";
import { selectorOf } from "./metadata.ts";

/** The claim of a volume for backups: it is there for when the Cloud is not. */
export function backupClaim(deployment: CloudDeployment, name: string, storage: string): Desired {
  return claim(deployment, name, storage, {});
}

/** The claim of a volume for SoftHSM2's tokens: what is stored cannot be read without it. */
export function tokensClaim(deployment: CloudDeployment, name: string, storage: string): Desired {
  return claim(deployment, name, storage, selectorOf(deployment, "barbican"));
}

/** A claim without an owner: what is in it must not go with the Cloud by itself. */
function claim(
  { cloud }: CloudDeployment,
  name: string,
  storage: string,
  labels: Readonly<Record<string, string>>,
): Desired {
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      name,
      namespace: cloud.metadata.namespace ?? "",
      labels: { ...labels, ...MANAGED_BY, [CLOUD_LABEL]: cloud.metadata.name },
    },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } } },
  };
}
