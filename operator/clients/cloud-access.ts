import type { CoreSecret } from "#operator/api/foreign.ts";
import { coreSecrets } from "#operator/api/foreign.ts";
import type { Cloud } from "#operator/api/generated/cloud.ts";
import type { Project } from "#operator/api/generated/project.ts";
import { certificatesIn } from "#operator/pem.ts";
import { keyOf, keyText } from "#runtime/api/object.ts";
import { isApiError } from "#runtime/client/errors.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";
import type { CloudClients, CloudSettings } from "./cloud-clients.ts";
import {
  type AuthorityReference,
  connectionOf,
  isDeployed,
  meshPeers,
  meshUrls,
  type SecretReference,
} from "./cloud-connection.ts";

export type { CloudClients } from "./cloud-clients.ts";

/** Where services are asked, instead of where they serve. */
export type Addresses = Partial<Pick<CloudSettings, "identityUrl" | "keyManagerUrl">>;

/** The way from a Cloud object to the clients of its services. Everything that speaks with a Cloud uses this. */
export interface CloudAccess {
  /**
   * The clients, with what the Cloud's core Secrets say now or said within the last minute; by other addresses than the
   * Cloud's where some are given.
   * @throws {CloudSecretError} where a core Secret, or a key in it, is missing
   */
  forCloud(cloud: Cloud, addresses?: Addresses): Promise<CloudClients>;
  /** The authority of Keystone's address for people in PEM; undefined where the system's are enough. Throws as `forCloud`. */
  identityAuthority(cloud: Cloud): Promise<string | undefined>;
}

/** A core Secret that a Cloud names is not there, or lacks a key. */
export class CloudSecretError extends Error {
  override readonly name = "CloudSecretError";
  /** What is missing, in words that follow "waiting for". */
  readonly awaited: string;

  constructor(awaited: string) {
    super(`missing: ${awaited}`);
    this.awaited = awaited;
  }
}

export interface CloudAccessDeps {
  readonly kube: Pick<KubeClient, "get">;
  /** Gives the clients for settings; the same ones for the same settings, so that tokens are kept. */
  readonly clients: { get(settings: CloudSettings): CloudClients };
  readonly clock: () => Date;
  /** Of the identities by which Clouds' own services are asked; undefined: they are asked in clear text. */
  readonly meshDomain?: string | undefined;
}

interface Resolved {
  readonly at: number;
  readonly generation: number | undefined;
  readonly settings: CloudSettings;
  readonly identityAuthority: string | undefined;
}

/** How long what was read of the Cloud's core Secrets counts: a changed password is used a minute later at most. In milliseconds. */
export const SECRETS_KEPT_MS = 60_000;

export function createCloudAccess({ kube, clients, clock, meshDomain }: CloudAccessDeps): CloudAccess {
  const kept = new Map<string, Resolved>();

  const resolve = async (cloud: Cloud): Promise<Resolved> => {
    const known = kept.get(cloud.metadata.uid);
    const fresh = known !== undefined && clock().getTime() - known.at < SECRETS_KEPT_MS;
    if (fresh && known.generation === cloud.metadata.generation) return known;
    const { settings: plain, identityAuthority } = await readSettings(sayingWhatMayNotBeRead(kube), cloud);
    const settings = meshDomain === undefined || !isDeployed(cloud) ? plain : inMesh(plain, cloud, meshDomain);
    const resolved: Resolved = {
      at: clock().getTime(),
      generation: cloud.metadata.generation,
      settings,
      identityAuthority,
    };
    kept.set(cloud.metadata.uid, resolved);
    return resolved;
  };

  return {
    forCloud: async (cloud, addresses = {}) => clients.get({ ...(await resolve(cloud)).settings, ...addresses }),
    identityAuthority: async (cloud) => (await resolve(cloud)).identityAuthority,
  };
}

/** Reads the core Secrets live: they are in the release's namespace, where the operator may get but not watch them. */
async function readSettings(
  kube: Pick<KubeClient, "get">,
  cloud: Cloud,
): Promise<{ readonly settings: CloudSettings; readonly identityAuthority: string | undefined }> {
  const { identity, keyManager } = connectionOf(cloud);
  const read = async ({ name, because }: SecretReference): Promise<SecretValues> => {
    const where = `core Secret ${cloud.metadata.namespace}/${name} (${because})`;
    const secret = await kube.get(coreSecrets, { namespace: cloud.metadata.namespace ?? "", name });
    if (secret === undefined) throw new CloudSecretError(where);
    return valuesOf(secret, where);
  };
  const readAuthority = async (ref: AuthorityReference | undefined) =>
    ref === undefined ? undefined : (await read(ref)).required(ref.key);
  // cert-manager keeps it beside a certificate; who has one of a public authority has none there.
  const readCertificateAuthority = async (name: string): Promise<string | undefined> => {
    const secret = await kube.get(coreSecrets, { namespace: cloud.metadata.namespace ?? "", name });
    // Every Project gets it: certificates alone, and nothing where there is none, as the condition of the edge says.
    return certificatesIn((secret && valuesOf(secret, `core Secret ${name}`).optional("ca.crt")) ?? "");
  };

  const credentials = await read(identity.credentials);
  const project = credentials.optional("project");
  // Of users that are ours: the password that is about to count (cloud/steps/change-passwords.ts).
  const nextPassword = isDeployed(cloud) ? credentials.optional("next") : undefined;
  const identityAuthority = await readAuthority(identity.authority);
  const keyManagerAuthority = await readAuthority(keyManager.authority);
  const { gateway } = cloud.spec;
  const edgeAuthority = gateway && (await readCertificateAuthority(gateway.certificateSecretRef.name));
  const ca = [...new Set([identityAuthority, keyManagerAuthority])].filter((pem) => pem !== undefined).join("\n");
  return {
    identityAuthority: identityAuthority ?? edgeAuthority,
    settings: {
      identityUrl: identity.url,
      keyManagerUrl: keyManager.url,
      region: cloud.spec.region,
      credentials: {
        username: credentials.required("username"),
        password: credentials.required("password"),
        userDomain: credentials.required("userDomain"),
        ...(nextPassword === undefined ? {} : { nextPassword }),
      },
      ...(project === undefined
        ? {}
        : { administrationProject: { name: project, domain: credentials.optional("projectDomain") ?? "Default" } }),
      ...(ca === "" ? {} : { ca }),
    },
  };
}

function inMesh(settings: CloudSettings, cloud: Cloud, trustDomain: string): CloudSettings {
  const { identity, keyManager } = meshUrls(cloud);
  return { ...settings, identityUrl: identity, keyManagerUrl: keyManager, peers: meshPeers(cloud, trustDomain) };
}

interface SecretValues {
  required(key: string): string;
  optional(key: string): string | undefined;
}

function valuesOf(secret: CoreSecret, where: string): SecretValues {
  const optional = (key: string): string | undefined => {
    const value = secret.data?.[key];
    return value === undefined || value === "" ? undefined : Buffer.from(value, "base64").toString("utf8");
  };
  return {
    optional,
    required: (key) => {
      const value = optional(key);
      if (value === undefined) throw new CloudSecretError(`the key ${key} in the ${where}`);
      return value;
    },
  };
}

/** The Cloud that a Project is in, or what is to happen before it has one. */
export type CloudChoice =
  | { readonly kind: "found"; readonly cloud: Cloud }
  /** In words that follow "waiting for". */
  | { readonly kind: "awaited"; readonly awaited: string };

/**
 * A Project's Cloud: the one that it names, the one that it has been in since its first pass, else the only one there
 * is. So a second Cloud moves nobody.
 */
export function cloudOf(project: Project, clouds: readonly Cloud[]): CloudChoice {
  const ref = project.spec.cloudRef ?? project.status?.cloudRef;
  if (ref !== undefined) {
    const cloud = clouds.find(({ metadata }) => metadata.namespace === ref.namespace && metadata.name === ref.name);
    return cloud === undefined ? { kind: "awaited", awaited: `Cloud ${keyText(ref)}` } : { kind: "found", cloud };
  }
  const [only, ...others] = clouds;
  if (only === undefined) return { kind: "awaited", awaited: "a Cloud: there is none" };
  if (others.length === 0) return { kind: "found", cloud: only };
  const names = clouds.map((cloud) => keyText(keyOf(cloud))).sort();
  return {
    kind: "awaited",
    awaited: `a Project with spec.cloudRef: there are ${names.length} Clouds (${names.join(", ")}), make the Project anew and name one`,
  };
}

/** A core Secret is read by a right that names it: where that is missing, it is waited for as what is not there is. */
function sayingWhatMayNotBeRead(kube: Pick<KubeClient, "get">): Pick<KubeClient, "get"> {
  return {
    get: async (resource, key) => {
      try {
        return await kube.get(resource, key);
      } catch (error) {
        if (!isApiError(error, "Forbidden")) throw error;
        const secret = `core Secret ${keyText(key)}`;
        throw new CloudSecretError(
          `the right to get the ${secret}, which the Role nephele:cloud-secrets gives by name`,
        );
      }
    },
  };
}
