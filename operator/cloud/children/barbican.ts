import type { EnvVar, Volume, VolumeMount } from "kubernetes-types/core/v1.d.ts";
import { BARBICAN_PORT, connectionOf } from "#operator/clients/cloud-connection.ts";
import type { Desired } from "#runtime/api/object.ts";
import type { CloudDeployment } from "../deployment.ts";
import { drainFile } from "./drain.ts";
import { isInMesh } from "./mesh.ts";
import { child } from "./metadata.ts";
import { storeFiles, storeParts, storePrograms, storeSections } from "./secret-stores.ts";
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

const FOLDER = serviceFolder("barbican");
const FILES = { config: "barbican.conf", uwsgi: "uwsgi.ini", wsgi: "ready.py", secrets: "secrets.conf" } as const;
/** For so long, in seconds, a token that was revoked still works in Barbican. */
const TOKEN_CACHE_SECONDS = 60;

const withoutVersion = (url: string): string => url.replace(/\/v3$/, "");

/** Barbican's files that hold no secret. */
export function barbicanConfiguration(deployment: CloudDeployment): Desired {
  const keystone = withoutVersion(connectionOf(deployment.cloud).identity.url);
  const config = osloConfig({
    // References are at the address by which somebody asks: in the cluster, or by the edge.
    DEFAULT: { host_href: "", db_auto_create: false, use_stderr: true },
    database: { ...DATABASE_POOL },
    ...storeSections(deployment),
    // Without the queue orders are carried out at once, in the request: no worker and no RabbitMQ.
    queue: { enable: false },
    keystone_authtoken: {
      // Whoever has no token is told where people get one: where the catalog says.
      www_authenticate_uri: withoutVersion(deployment.cloud.status?.endpoints?.identity ?? keystone),
      auth_url: keystone,
      interface: "internal",
      auth_type: "password",
      user_domain_name: "Default",
      project_name: "service",
      project_domain_name: "Default",
      service_token_roles_required: true,
      memcached_servers: deployment.cache.servers.join(","),
      // Without these a memcached that was away is used again after five minutes, and each request until then asks Keystone.
      memcache_pool_dead_retry: 10,
      memcache_pool_socket_timeout: 1,
      token_cache_time: TOKEN_CACHE_SECONDS,
    },
    oslo_policy: STRICT_POLICY,
    oslo_middleware: { enable_proxy_headers_parsing: true },
  });
  return child({
    deployment,
    part: "barbican",
    apiVersion: "v1",
    kind: "ConfigMap",
    content: {
      data: {
        [FILES.config]: config,
        [FILES.uwsgi]: uwsgiConfig({
          port: BARBICAN_PORT,
          wsgiFile: `${FOLDER}/${FILES.wsgi}`,
          inMesh: isInMesh(deployment, "barbican"),
        }),
        [FILES.wsgi]: program(...AROUND_WSGI, "barbican_ready.py", ...storePrograms(deployment)),
        ...drainFile(),
        ...storeFiles(deployment),
      },
    },
  });
}

export interface BarbicanSecrets {
  readonly login: DatabaseUser;
  /** Barbican's own user in Keystone. */
  readonly user: { readonly username: string; readonly password: string };
  /** Base64url of 32 bytes: the first encrypts, all decrypt. */
  readonly keks: readonly string[];
}

export function barbicanSecrets(deployment: CloudDeployment, secrets: BarbicanSecrets, keys: string): Desired {
  const { login, user, keks } = secrets;
  const text = osloConfig({
    database: { connection: databaseUrl(deployment, "barbican", login) },
    simple_crypto_plugin: { kek: keks },
    keystone_authtoken: user,
  });
  return child({
    deployment,
    part: "barbican",
    apiVersion: "v1",
    kind: "Secret",
    content: { type: "Opaque", data: secretsFiles(FILES.secrets, keys, text) },
  });
}

/**
 * What a program of Barbican's reads, for its pods, which say which keys and logins, and for the Jobs.
 * @param wanted `stores`: what the stores in tokens need, too
 */
export function barbicanFiles(
  deployment: CloudDeployment,
  wanted: { readonly keys?: string; readonly stores: boolean },
): {
  readonly volumes: Volume[];
  readonly mounts: VolumeMount[];
  readonly env: EnvVar[];
} {
  const { volume, mount } = configurationFiles(deployment, "barbican", FILES.secrets, wanted.keys);
  const { volumes, mounts, env } = wanted.stores ? storeParts(deployment) : { volumes: [], mounts: [], env: [] };
  return { volumes: [volume, ...volumes], mounts: [mount, ...mounts], env };
}

/** Its pods. `keys` says which of what it reads at its start are there: others are another rollout. */
export function barbican(deployment: CloudDeployment, keys: string): Desired {
  return webService({
    deployment,
    part: "barbican",
    replicas: deployment.keyManager.replicas,
    port: BARBICAN_PORT,
    configuration: barbicanConfiguration(deployment),
    keys,
    ...barbicanFiles(deployment, { keys, stores: true }),
  });
}
