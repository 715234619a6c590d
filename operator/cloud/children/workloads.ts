import type { Workload } from "#operator/registration/workload.ts";
import type { CloudDeployment } from "../deployment.ts";
import { accountName, partsOf } from "./accounts.ts";

/** The container of a pod that speaks for it: what it runs is behind that one, and is nobody itself. */
export const PROXY_CONTAINER = "envoy";

/** Who a Cloud's pods are. */
export function workloadsOf(deployment: CloudDeployment): readonly Workload[] {
  return partsOf(deployment).map((part) => ({
    name: part,
    namespace: deployment.cloud.metadata.namespace ?? "",
    serviceAccount: accountName(deployment, part),
    container: PROXY_CONTAINER,
  }));
}
