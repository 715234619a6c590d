import type { ServiceSpec } from "kubernetes-types/core/v1.d.ts";
import { type CloudPart, partName } from "#operator/clients/cloud-connection.ts";
import type { Desired } from "#runtime/api/object.ts";
import type { CloudDeployment } from "../deployment.ts";
import { child, selectorOf } from "./metadata.ts";

/** The address of a part's pods, or of those of them that `only` labels have. */
export function service(
  deployment: CloudDeployment,
  part: CloudPart,
  port: number,
  only: Readonly<Record<string, string>> = {},
): Desired {
  const spec: ServiceSpec = {
    selector: { ...selectorOf(deployment, part), ...only },
    ports: [{ name: part, port, targetPort: port, protocol: "TCP" }],
  };
  return child({ deployment, part, apiVersion: "v1", kind: "Service", content: { spec } });
}

/** Gives each pod of a StatefulSet a name of its own, before it is ready too. */
export function headlessService(deployment: CloudDeployment, part: CloudPart, port: number): Desired {
  const spec: ServiceSpec = {
    clusterIP: "None",
    publishNotReadyAddresses: true,
    selector: { ...selectorOf(deployment, part) },
    ports: [{ name: part, port, targetPort: port, protocol: "TCP" }],
  };
  const name = partName(deployment.cloud, `${part}-pods`);
  return child({ deployment, part, apiVersion: "v1", kind: "Service", name, content: { spec } });
}
