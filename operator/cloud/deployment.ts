import type { Cloud } from "#operator/api/generated/cloud.ts";
import { isDeployed, partName, serviceHost } from "#operator/clients/cloud-connection.ts";
import type { MeshPlatform } from "#operator/envoy/platform.ts";
import { durationMs } from "#runtime/api/duration.ts";
import { type SecretStores, storesOf } from "./secret-stores.ts";

/** What the operator is told about the cluster that it deploys to. */
export interface Platform {
  /** Before the names of images: `docker.io/nephele`. */
  readonly imageRegistry: string;
  /** Whether pods get a user namespace of their own (`hostUsers: false`). */
  readonly userNamespaces: boolean;
  /** Whose identities the pods have; undefined: none have any. */
  readonly trustDomain: string | undefined;
  /** Who configures the Envoys beside the pods, and gives them their identities; undefined: there are none beside them. */
  readonly sidecars: MeshPlatform | undefined;
  /** Whether the operator runs Gateways' proxies, and so sees Gateways. */
  readonly gateways: boolean;
  /** The release's, in which the operator runs: only there may a backup's keys be put back. */
  readonly namespace: string;
  /** By which what tenants have is found again: a backup is restored only where it is the same. */
  readonly installationId: string;
}

export interface RotationSchedule {
  readonly everyMs: number;
  /** Each new value asks for one rotation. */
  readonly requestedAt: string | undefined;
}

/** Where backups are kept. */
export type BackupPlace =
  | {
      readonly kind: "claim";
      readonly name: string;
      /** Of which size it is made where there is none; undefined: it is somebody else's to make. */
      readonly storage: string | undefined;
    }
  | {
      /** That of a server which speaks S3. */
      readonly kind: "bucket";
      readonly endpoint: string;
      readonly bucket: string;
      readonly prefix: string;
      readonly region: string;
      /** The core Secret with `accessKeyId` and `secretAccessKey`. */
      readonly credentials: string;
      /** The core Secret, and the key in it, with who signs the server's certificate; undefined: the system's authorities. */
      readonly authority: { readonly name: string; readonly key: string } | undefined;
    };

export interface BackupSchedule {
  readonly everyMs: number;
  /** Each new value asks for one backup. */
  readonly requestedAt: string | undefined;
  readonly keep: number;
  /** Public keys. */
  readonly recipients: readonly string[];
  readonly place: BackupPlace;
  readonly drill: BackupDrill | undefined;
}

/** Where what opens a backup is: a core Secret, and the key in it. */
export interface IdentityReference {
  readonly name: string;
  readonly key: string;
}

/** A wish to see that the last backup can be restored. */
export interface BackupDrill {
  /** Each new value asks for one. */
  readonly requestedAt: string;
  readonly identity: IdentityReference;
}

/** The backup that a new Cloud begins with, and the core Secret with what opens it. */
export interface RestoreSource {
  readonly name: string;
  readonly place: BackupPlace;
  readonly identity: IdentityReference;
}

/** By which people's clients come from outside of the cluster. */
export interface EdgeWish {
  /** The first is the catalog's. */
  readonly hostnames: readonly [string, ...string[]];
  /** The core Secret with the certificate. */
  readonly certificate: string;
  /** The GatewayClass. */
  readonly className: string;
  /** In a minute, at each proxy. */
  readonly limits: NonNullable<Cloud["spec"]["gateway"]>["limits"];
}

/** A deployed Cloud's spec with every default in its place. */
export interface CloudDeployment {
  readonly cloud: Cloud;
  readonly platform: Platform;
  readonly release: string;
  /** When the way back to the former release is given up: once all is of the new one, or when told to. */
  readonly contract: "Automatic" | "Manual";
  readonly region: string;
  readonly identity: {
    readonly replicas: number;
    readonly tokenFormat: "jws" | "fernet";
    readonly tokenLifetimeMs: number;
  };
  readonly keyManager: { readonly replicas: number; readonly stores: SecretStores };
  /** When keys rotate, by what they are for. */
  readonly rotation: {
    /** Fernet keys, and the pairs that sign tokens. */
    readonly tokens: RotationSchedule;
    readonly credential: RotationSchedule;
    readonly kek: RotationSchedule;
    readonly passwords: RotationSchedule;
  };
  readonly database:
    | {
        readonly kind: "bundled";
        readonly host: string;
        readonly port: number;
        readonly instances: 1 | 3;
        readonly storage: string;
      }
    | {
        readonly kind: "external";
        readonly host: string;
        readonly port: number;
        readonly admin: string;
        readonly authority: { readonly name: string; readonly key: string } | undefined;
      };
  readonly cache: { readonly bundled: boolean; readonly servers: readonly string[] };
  readonly edge: EdgeWish | undefined;
  readonly backup: BackupSchedule | undefined;
  readonly restore: RestoreSource | undefined;
}

export const MEMCACHED_PORT = 11211;
export const POSTGRESQL_PORT = 5432;

/**
 * The defaults of what is deployed. They are here and not in the CRD, because a schema fills in defaults whatever the
 * choice beside them: a Keystone that exists would get replicas.
 */
const DEFAULT_CONTRACT = "Automatic";
const DEFAULT_REPLICAS = 2;
const DEFAULT_TOKENS = { format: "jws", lifetime: "1h" } as const;
/** Of tokens the keys rotate daily; of what is stored, and logins, four times a year: that writes much, or replaces pods. */
const DEFAULT_ROTATION = { tokens: "24h", stored: "2160h" } as const;
const DEFAULT_DATABASE = { bundled: { instances: 1, storage: "10Gi" } } as const;

/** Undefined where the services are external. */
export function deploymentOf(cloud: Cloud, platform: Platform): CloudDeployment | undefined {
  const { release, contract, region, identity, keyManager, cache, passwords } = cloud.spec;
  if (!isDeployed(cloud) || release === undefined) return undefined;
  const tokens = identity.tokens ?? DEFAULT_TOKENS;
  return {
    cloud,
    platform,
    release,
    contract: contract ?? DEFAULT_CONTRACT,
    region,
    identity: {
      replicas: identity.replicas ?? DEFAULT_REPLICAS,
      tokenFormat: tokens.format,
      tokenLifetimeMs: durationMs(tokens.lifetime),
    },
    keyManager: { replicas: keyManager.replicas ?? DEFAULT_REPLICAS, stores: storesOf(cloud) },
    rotation: {
      tokens: scheduleOf(identity.keys, DEFAULT_ROTATION.tokens),
      credential: scheduleOf(identity.credentialKeys, DEFAULT_ROTATION.stored),
      kek: scheduleOf(keyManager.kek, DEFAULT_ROTATION.stored),
      passwords: scheduleOf(passwords, DEFAULT_ROTATION.stored),
    },
    database: databaseOf(cloud),
    cache:
      cache?.external === undefined
        ? { bundled: true, servers: [`${serviceHost(cloud, "memcached")}:${MEMCACHED_PORT}`] }
        : { bundled: false, servers: cache.external.servers },
    edge: edgeOf(cloud),
    backup: backupOf(cloud),
    restore: restoreOf(cloud),
  };
}

function edgeOf({ spec: { gateway } }: Cloud): EdgeWish | undefined {
  const [first, ...others] = gateway?.hostnames ?? [];
  if (gateway === undefined || first === undefined) return undefined;
  const { certificateSecretRef, className, limits } = gateway;
  return { hostnames: [first, ...others], certificate: certificateSecretRef.name, className, limits };
}

function backupOf(cloud: Cloud): BackupSchedule | undefined {
  const { backup } = cloud.spec;
  if (backup === undefined) return undefined;
  const { every, requestedAt, keep, recipients, target, drill } = backup;
  return {
    everyMs: durationMs(every),
    requestedAt,
    keep,
    recipients,
    place: placeOf(cloud, target),
    drill: drill && { requestedAt: drill.requestedAt, identity: drill.identitySecretRef },
  };
}

function restoreOf(cloud: Cloud): RestoreSource | undefined {
  const { restore } = cloud.spec;
  if (restore === undefined) return undefined;
  const { from, identitySecretRef: identity } = restore;
  return { name: from.name, place: placeOf(cloud, from), identity };
}

type GivenPlace = Pick<NonNullable<Cloud["spec"]["backup"]>["target"], "persistentVolumeClaim" | "storage" | "s3">;

function placeOf(cloud: Cloud, { persistentVolumeClaim, storage, s3 }: GivenPlace): BackupPlace {
  if (s3 === undefined)
    return { kind: "claim", name: persistentVolumeClaim?.claimName ?? partName(cloud, "backups"), storage };
  const { endpoint, bucket, prefix = "", region, credentialsSecretRef, caSecretRef } = s3;
  return {
    kind: "bucket",
    endpoint,
    bucket,
    prefix,
    region,
    credentials: credentialsSecretRef.name,
    authority: caSecretRef,
  };
}

function scheduleOf(
  given: { readonly rotateEvery?: string; readonly rotationRequestedAt?: string } | undefined,
  every: string,
): RotationSchedule {
  return { everyMs: durationMs(given?.rotateEvery ?? every), requestedAt: given?.rotationRequestedAt };
}

function databaseOf(cloud: Cloud): CloudDeployment["database"] {
  const { external, bundled } = cloud.spec.database ?? { ...DEFAULT_DATABASE, external: undefined };
  if (external !== undefined) {
    const { host, port, adminSecretRef, caSecretRef } = external;
    return { kind: "external", host, port, admin: adminSecretRef.name, authority: caSecretRef };
  }
  const { instances, storage } = bundled ?? DEFAULT_DATABASE.bundled;
  return { kind: "bundled", host: serviceHost(cloud, "postgresql"), port: POSTGRESQL_PORT, instances, storage };
}
