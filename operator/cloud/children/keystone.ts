import type { Volume, VolumeMount } from "kubernetes-types/core/v1.d.ts";
import { KEYSTONE_PORT } from "#operator/clients/cloud-connection.ts";
import type { Desired } from "#runtime/api/object.ts";
import { FORMER_SLOTS, formerName, SIGNING } from "../decide/signing-keys.ts";
import type { CloudDeployment } from "../deployment.ts";
import { secretNames } from "../names.ts";
import type { Deployment } from "../resources.ts";
import { drainFile } from "./drain.ts";
import { isInMesh } from "./mesh.ts";
import { child } from "./metadata.ts";
import { FILE_MODE } from "./pod-parts.ts";
import {
  AROUND_WSGI,
  DATABASE_POOL,
  type DatabaseUser,
  databaseUrl,
  osloConfig,
  program,
  STRICT_POLICY,
  serviceFolder,
  uwsgiConfig,
} from "./service-config.ts";
import { configurationFiles, secretsFiles } from "./service-files.ts";
import { webService } from "./web-service.ts";

const FOLDER = serviceFolder("keystone");
const KEYS = "/etc/keystone-keys";
/** In the ConfigMap and the Secret of the name `<cloud>-keystone`. */
const FILES = { config: "keystone.conf", uwsgi: "uwsgi.ini", wsgi: "ready.py", database: "database.conf" } as const;

const PRIVATE = "private";
const PUBLIC = "public";

const SIGNING_VOLUME = "jws";

/** Whether pods of Keystone's sign tokens: of the format jws. */
export function readsSigningKeys({ spec }: Deployment): boolean {
  return spec?.template?.spec?.volumes?.some(({ name }) => name === SIGNING_VOLUME) === true;
}

/** The pair that signs must be there, the public halves of the others may come and go while pods run. */
function signingKeys(name: string): Volume {
  const item = (folder: string, key: string) => ({ key, path: `${folder}/${key}` });
  const present = [item(PRIVATE, SIGNING.private), item(PUBLIC, SIGNING.public)];
  const formers = Array.from({ length: FORMER_SLOTS }, (_, slot) => formerName(slot));
  const others = [SIGNING.nextPublic, ...formers].map((key) => item(PUBLIC, key));
  return {
    name: SIGNING_VOLUME,
    projected: {
      defaultMode: FILE_MODE,
      sources: [{ secret: { name, items: present } }, { secret: { name, items: others, optional: true } }],
    },
  };
}

/** Keystone's files that hold no secret. */
export function keystoneConfiguration(deployment: CloudDeployment): Desired {
  const { identity, cache } = deployment;
  const fernet = { key_repository: `${KEYS}/fernet` };
  const config = osloConfig({
    DEFAULT: { use_stderr: true },
    database: { ...DATABASE_POOL },
    token: { provider: identity.tokenFormat, expiration: identity.tokenLifetimeMs / 1000 },
    ...(identity.tokenFormat === "jws"
      ? {
          jwt_tokens: {
            jws_private_key_repository: `${KEYS}/jws/${PRIVATE}`,
            jws_public_key_repository: `${KEYS}/jws/${PUBLIC}`,
          },
        }
      : {}),
    fernet_tokens: fernet,
    fernet_receipts: fernet,
    credential: { key_repository: `${KEYS}/credential` },
    cache: {
      enabled: true,
      backend: "oslo_cache.memcache_pool",
      memcache_servers: cache.servers.join(","),
      memcache_dead_retry: 10,
      memcache_socket_timeout: 0.5,
    },
    oslo_policy: STRICT_POLICY,
    oslo_middleware: { enable_proxy_headers_parsing: true },
  });
  return child({
    deployment,
    part: "keystone",
    apiVersion: "v1",
    kind: "ConfigMap",
    content: {
      data: {
        [FILES.config]: config,
        [FILES.uwsgi]: uwsgiConfig({
          port: KEYSTONE_PORT,
          wsgiFile: `${FOLDER}/${FILES.wsgi}`,
          inMesh: isInMesh(deployment, "keystone"),
        }),
        [FILES.wsgi]: program(...AROUND_WSGI, "keystone_ready.py"),
        ...drainFile(),
      },
    },
  });
}

/** What Keystone's configuration has of secrets: the way to its database. */
export function keystoneSecrets(deployment: CloudDeployment, login: DatabaseUser, keys: string): Desired {
  const connection = databaseUrl(deployment, "keystone", login);
  return child({
    deployment,
    part: "keystone",
    apiVersion: "v1",
    kind: "Secret",
    content: { type: "Opaque", data: secretsFiles(FILES.database, keys, osloConfig({ database: { connection } })) },
  });
}

/** Everything that a program of Keystone's reads, for its pods, which say which keys and logins, and for the Jobs. */
export function keystoneFiles(
  deployment: CloudDeployment,
  keys?: string,
): {
  readonly volumes: Volume[];
  readonly mounts: VolumeMount[];
} {
  const { cloud, identity } = deployment;
  const configuration = configurationFiles(deployment, "keystone", FILES.database, keys);
  const secretVolume = (volume: string, secretName: string): Volume => ({
    name: volume,
    secret: { secretName, defaultMode: FILE_MODE },
  });
  const mount = (volume: string, mountPath: string): VolumeMount => ({ name: volume, mountPath, readOnly: true });
  const jws = identity.tokenFormat === "jws";
  return {
    volumes: [
      configuration.volume,
      // Whole, so that kubelet brings keys that are rotated without a new pod. Keystone passes over `..data` in these.
      secretVolume("fernet", secretNames.fernet(cloud)),
      secretVolume("credential", secretNames.credential(cloud)),
      // Keystone answers 500 to everything where there is more than keys in these: in folders of items is no `..data`.
      ...(jws ? [signingKeys(secretNames.jws(cloud))] : []),
    ],
    mounts: [
      configuration.mount,
      mount("fernet", `${KEYS}/fernet`),
      mount("credential", `${KEYS}/credential`),
      ...(jws ? [mount(SIGNING_VOLUME, `${KEYS}/jws`)] : []),
    ],
  };
}

/** Its pods. `keys` says which of what it reads at its start are there: another login is another rollout. */
export function keystone(deployment: CloudDeployment, keys: string): Desired {
  const { volumes, mounts } = keystoneFiles(deployment, keys);
  return webService({
    deployment,
    part: "keystone",
    replicas: deployment.identity.replicas,
    port: KEYSTONE_PORT,
    configuration: keystoneConfiguration(deployment),
    keys,
    volumes,
    mounts,
  });
}
