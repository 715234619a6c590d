import type { Desired } from "#runtime/api/object.ts";
import type { CloudDeployment } from "../deployment.ts";
import { labelsOf } from "./metadata.ts";

/** The claim of a volume for SoftHSM2's tokens. It has no owner: what is stored cannot be read without it. */
export function tokensClaim(deployment: CloudDeployment, name: string, storage: string): Desired {
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      name,
      namespace: deployment.cloud.metadata.namespace ?? "",
      labels: labelsOf(deployment, "barbican"),
    },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } } },
  };
}
