import { PROXY_CONTAINER } from "#operator/envoy/envoy.ts";
import type { Workload } from "#operator/registration/workload.ts";
import type { CloudDeployment } from "../deployment.ts";
import { accountName, knownAs, POSTGRESQL_ACCOUNT, partsOf } from "./accounts.ts";
import { selectorOf } from "./metadata.ts";

/** Who a Cloud's pods are: the proxy speaks for a pod, and what it runs is nobody itself. */
export function workloadsOf(deployment: CloudDeployment): readonly Workload[] {
  return partsOf(deployment).map((part) => {
    const serviceAccount = accountName(deployment, part);
    return {
      name: part,
      namespace: deployment.cloud.metadata.namespace ?? "",
      serviceAccount,
      container: PROXY_CONTAINER,
      // That account is of all Clouds of the namespace: its pods are told apart by their labels.
      ...(serviceAccount === POSTGRESQL_ACCOUNT
        ? { knownAs: knownAs(deployment, part), podLabels: selectorOf(deployment, part) }
        : {}),
    };
  });
}
