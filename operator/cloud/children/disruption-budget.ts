import type { PodDisruptionBudgetSpec } from "kubernetes-types/policy/v1.d.ts";
import type { CloudPart } from "#operator/clients/cloud-connection.ts";
import type { Desired } from "#runtime/api/object.ts";
import type { CloudDeployment } from "../deployment.ts";
import { child, selectorOf } from "./metadata.ts";

/** Lets a drain of nodes take one pod at a time. Of a single pod it holds nothing back: that would block every drain. */
export function disruptionBudget(deployment: CloudDeployment, part: CloudPart): Desired {
  const spec: PodDisruptionBudgetSpec = {
    maxUnavailable: 1,
    selector: { matchLabels: { ...selectorOf(deployment, part) } },
  };
  return child({ deployment, part, apiVersion: "policy/v1", kind: "PodDisruptionBudget", content: { spec } });
}
