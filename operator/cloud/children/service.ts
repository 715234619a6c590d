import type { ServiceSpec } from "kubernetes-types/core/v1.d.ts";
import {
  BARBICAN_PORT,
  type CloudPart,
  KEYSTONE_PORT,
  partName,
  previewName,
} from "#operator/clients/cloud-connection.ts";
import type { Desired } from "#runtime/api/object.ts";
import type { CloudDeployment } from "../deployment.ts";
import { child, RELEASE_LABEL, selectorOf } from "./metadata.ts";
import type { Service } from "./service-config.ts";

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

/**
 * The address of a part's pods of a release: what people use, or `preview`, by which those that are to take over are asked
 * before anybody else can reach them.
 */
export function releaseService(deployment: CloudDeployment, part: Service, address: "active" | "preview"): Desired {
  const port = part === "keystone" ? KEYSTONE_PORT : BARBICAN_PORT;
  const active = service(deployment, part, port, { [RELEASE_LABEL]: deployment.release });
  if (address === "active") return active;
  const name = previewName(deployment.cloud, part);
  return { ...active, metadata: { ...active.metadata, name } };
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
