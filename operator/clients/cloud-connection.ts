import { accountId } from "#operator/account-id.ts";
import type { Cloud } from "#operator/api/generated/cloud.ts";

/** The parts that are deployed for a Cloud; each is the end of a name: `<cloud>-<part>`. */
export type CloudPart = "keystone" | "barbican" | "postgresql" | "memcached";

/** A core Secret of the Cloud's namespace, and why it is read: for messages. */
export interface SecretReference {
  readonly name: string;
  readonly because: string;
}

export interface AuthorityReference extends SecretReference {
  readonly key: string;
}

/** Where a Cloud's services are and what is needed to speak with them. */
export interface CloudConnection {
  readonly identity: {
    /** With the version. */
    readonly url: string;
    readonly credentials: SecretReference;
    readonly authority?: AuthorityReference;
  };
  readonly keyManager: {
    readonly url: string;
    readonly authority?: AuthorityReference;
  };
}

/** Of everything that is made for a Cloud: its name. */
export const CLOUD_LABEL = "nephele.dev/cloud";
export const KEYSTONE_PORT = 5000;
export const BARBICAN_PORT = 9311;

/** Whether the services are ours to run; else they exist already. */
export function isDeployed({ spec }: Cloud): boolean {
  return spec.identity.external === undefined;
}

export function partName(cloud: Cloud, part: string): string {
  return `${cloud.metadata.name}-${part}`;
}

/** The name of a part's Service, as every pod of the cluster resolves it. */
export function serviceHost(cloud: Cloud, part: CloudPart): string {
  return `${partName(cloud, part)}.${cloud.metadata.namespace ?? ""}.svc`;
}

/** The Service that leads to the pods that are to take over from others: `<cloud>-<part>-preview`. */
export function previewName(cloud: Cloud, part: "keystone" | "barbican"): string {
  return partName(cloud, `${part}-preview`);
}

export interface ServiceUrls {
  /** With the version. */
  readonly identity: string;
  readonly keyManager: string;
}

/** The name of the Service by which sidecars, and the operator, find the pods of one that everybody else finds by `service`. */
export function meshName(service: string): string {
  return `${service}-mesh`;
}

/** By which addresses services are asked that do not serve yet: in the mesh, or in clear text. */
export function previewUrls(cloud: Cloud, inMesh: boolean): ServiceUrls {
  return urlsOf(cloud, (part) => previewName(cloud, part), inMesh);
}

/** Where services are in the mesh. */
export function meshUrls(cloud: Cloud): ServiceUrls {
  return urlsOf(cloud, (part) => partName(cloud, part), true);
}

/** Below which paths the services are at a Cloud's edge, as OpenStack's own deployments have them. */
export const EDGE_PATHS = { keystone: "/identity", barbican: "/key-manager" } as const;

/** Where services are for who comes by a Cloud's edge. */
export function edgeUrls(hostname: string): ServiceUrls {
  return {
    identity: `https://${hostname}${EDGE_PATHS.keystone}/v3`,
    keyManager: `https://${hostname}${EDGE_PATHS.barbican}`,
  };
}

function urlsOf(cloud: Cloud, name: (part: "keystone" | "barbican") => string, inMesh: boolean): ServiceUrls {
  const origin = (part: "keystone" | "barbican", port: number): string => {
    const service = inMesh ? meshName(name(part)) : name(part);
    return `${inMesh ? "https" : "http"}://${service}.${cloud.metadata.namespace ?? ""}.svc:${port}`;
  };
  return {
    identity: `${origin("keystone", KEYSTONE_PORT)}/v3`,
    keyManager: origin("barbican", BARBICAN_PORT),
  };
}

/** Who the services of a Cloud are in the mesh. */
export function meshPeers(
  cloud: Cloud,
  trustDomain: string,
): { readonly identity: string; readonly keyManager: string } {
  const id = (part: CloudPart): string => accountId(trustDomain, cloud.metadata.namespace ?? "", partName(cloud, part));
  return { identity: id("keystone"), keyManager: id("barbican") };
}

/** The core Secret with the operator's own login to a Keystone that is deployed. */
export function operatorLoginName(cloud: Cloud): string {
  return partName(cloud, "operator");
}

export function connectionOf(cloud: Cloud): CloudConnection {
  const identity = cloud.spec.identity.external;
  const keyManager = cloud.spec.keyManager.external;
  // The CRD holds that both are external, or none.
  if (identity === undefined || keyManager === undefined) {
    return {
      identity: {
        url: `http://${serviceHost(cloud, "keystone")}:${KEYSTONE_PORT}/v3`,
        credentials: { name: operatorLoginName(cloud), because: "the operator's login" },
      },
      keyManager: { url: `http://${serviceHost(cloud, "barbican")}:${BARBICAN_PORT}` },
    };
  }
  const authority = (
    ref: { readonly name: string; readonly key: string } | undefined,
    because: string,
  ): { readonly authority?: AuthorityReference } => (ref === undefined ? {} : { authority: { ...ref, because } });
  return {
    identity: {
      url: identity.url,
      credentials: { ...identity.credentialsSecretRef, because: "spec.identity.external.credentialsSecretRef" },
      ...authority(identity.caSecretRef, "spec.identity.external.caSecretRef"),
    },
    keyManager: {
      url: keyManager.url,
      ...authority(keyManager.caSecretRef, "spec.keyManager.external.caSecretRef"),
    },
  };
}
