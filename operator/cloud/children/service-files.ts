import type { Volume, VolumeMount } from "kubernetes-types/core/v1.d.ts";
import { contentHash } from "#operator/api/content.ts";
import { partName } from "#operator/clients/cloud-connection.ts";
import type { CloudDeployment } from "../deployment.ts";
import { secretData } from "./metadata.ts";
import { FILE_MODE } from "./pod-parts.ts";
import { AUTHORITY_FILE, authorityOf, type Service, serviceFolder } from "./service-config.ts";

/**
 * Under which key a service's Secret holds the file with its logins and keys. With what is in it in the key, a pod that is to
 * have another login never starts with what kubelet still remembers; programs that run once take what there is.
 */
export function secretsKey(file: string, keys?: string): string {
  return keys === undefined ? file : `${contentHash(keys)}-${file}`;
}

/** The file under both keys. */
export function secretsFiles(file: string, keys: string, text: string): Readonly<Record<string, string>> {
  return secretData({ [secretsKey(file)]: text, [secretsKey(file, keys)]: text });
}

/**
 * The folder /etc/<service>: its ConfigMap, in `<service>.conf.d` the file of its Secret, which oslo.config reads by itself,
 * and the authority of its database.
 */
export function configurationFiles(
  { cloud, database }: CloudDeployment,
  service: Service,
  secretsFile: string,
  keys?: string,
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
          {
            secret: { name, items: [{ key: secretsKey(secretsFile, keys), path: `${service}.conf.d/${secretsFile}` }] },
          },
          ...(authority === undefined
            ? []
            : [{ secret: { name: authority.name, items: [{ key: authority.key, path: AUTHORITY_FILE }] } }]),
        ],
      },
    },
    mount: { name: "configuration", mountPath: serviceFolder(service), readOnly: true },
  };
}
