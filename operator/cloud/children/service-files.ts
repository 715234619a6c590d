import type { Volume, VolumeMount } from "kubernetes-types/core/v1.d.ts";
import { partName } from "#operator/clients/cloud-connection.ts";
import type { CloudDeployment } from "../deployment.ts";
import { FILE_MODE } from "./pod.ts";
import { AUTHORITY_FILE, authorityOf, type Service, serviceFolder } from "./service-config.ts";

/**
 * The folder /etc/<service>: its ConfigMap, in `<service>.conf.d` the file of its Secret, which oslo.config reads by itself,
 * and the authority of its database.
 */
export function configurationFiles(
  { cloud, database }: CloudDeployment,
  service: Service,
  secretsFile: string,
): { readonly volume: Volume; readonly mount: VolumeMount } {
  const name = partName(cloud, service);
  const authority = authorityOf(database);
  return {
    volume: {
      name: "configuration",
      projected: {
        defaultMode: FILE_MODE,
        sources: [
          { configMap: { name } },
          { secret: { name, items: [{ key: secretsFile, path: `${service}.conf.d/${secretsFile}` }] } },
          ...(authority === undefined
            ? []
            : [{ secret: { name: authority.name, items: [{ key: authority.key, path: AUTHORITY_FILE }] } }]),
        ],
      },
    },
    mount: { name: "configuration", mountPath: serviceFolder(service), readOnly: true },
  };
}
