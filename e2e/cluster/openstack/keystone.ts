import { generateKeyPairSync, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "../files.ts";
import type { ProcessSpec } from "../processes.ts";
import { configurationFile } from "./configuration-file.ts";
import { folderOf, type OpenStackContext } from "./context.ts";
import { passwordFile } from "./passwords.ts";
import { databaseUrl } from "./postgres.ts";
import type { PythonEnvironment } from "./python-environment.ts";
import { runCommand } from "./run-command.ts";
import { uwsgiProcess } from "./uwsgi.ts";

export const region = "RegionOne";

export const identityUrl = (context: OpenStackContext): string =>
  `http://127.0.0.1:${context.servicePorts.keystone}/v3`;

/** Writes configuration and keys. Keys that are there are kept. */
export function configureKeystone(context: OpenStackContext): void {
  const folder = folderOf(context, "keystone");
  ensureKeys(folder);
  const repository = (name: string): string => join(folder, "keys", name);
  const memcached = `127.0.0.1:${context.servicePorts.memcached}`;
  const text = configurationFile({
    DEFAULT: { use_stderr: true },
    database: { connection: databaseUrl(context, "keystone"), max_pool_size: 3, max_overflow: 5 },
    token: { provider: "jws" },
    jwt_tokens: {
      jws_private_key_repository: repository("jws-private"),
      jws_public_key_repository: repository("jws-public"),
    },
    fernet_tokens: { key_repository: repository("fernet") },
    fernet_receipts: { key_repository: repository("fernet") },
    credential: { key_repository: repository("credential") },
    // The least that bcrypt takes: a login costs 2 ms instead of 300. Never outside of tests.
    identity: { password_hash_rounds: 4, max_password_length: 72 },
    cache: {
      enabled: true,
      backend: "oslo_cache.memcache_pool",
      memcache_servers: memcached,
      memcache_dead_retry: 10,
      memcache_socket_timeout: 0.5,
    },
    oslo_policy: { enforce_scope: true, enforce_new_defaults: true },
  });
  writeWhole(join(folder, "keystone.conf"), text);
}

/** The keys that `fernet_setup`, `credential_setup` and `create_jws_keypair` make, in the same form, at once. */
function ensureKeys(folder: string): void {
  const path = (...names: readonly string[]): string => join(folder, "keys", ...names);
  if (existsSync(path("jws-public", "public.pem"))) return;
  const fernetKey = (): string => randomBytes(32).toString("base64url").padEnd(44, "=");
  for (const repository of ["fernet", "credential"]) {
    writeWhole(path(repository, "0"), fernetKey());
    writeWhole(path(repository, "1"), fernetKey());
  }
  const pair = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  writeWhole(path("jws-private", "private.pem"), pair.privateKey);
  writeWhole(path("jws-public", "public.pem"), pair.publicKey);
}

/** Makes the schema, the administrator, the default roles and the identity service's endpoints. A repeat changes nothing. */
export async function setUpKeystone(context: OpenStackContext, python: PythonEnvironment): Promise<void> {
  const url = identityUrl(context);
  await runCommand({
    command: python.bin("python"),
    args: [
      ...[join(import.meta.dirname, "keystone_setup.py"), passwordFile(context, "admin"), configFile(context)],
      ...["--bootstrap-region-id", region, "--bootstrap-admin-url", url],
      ...["--bootstrap-public-url", url, "--bootstrap-internal-url", url],
    ],
    logFile: join(context.logsDir, "keystone-setup.log"),
  });
}

export function keystoneProcess(context: OpenStackContext, python: PythonEnvironment): ProcessSpec {
  return uwsgiProcess(python, {
    name: "keystone",
    module: "keystone.wsgi.api:application",
    port: context.servicePorts.keystone,
    folder: folderOf(context, "keystone"),
    env: { OS_KEYSTONE_CONFIG_FILES: configFile(context) },
  });
}

function configFile(context: OpenStackContext): string {
  return join(folderOf(context, "keystone"), "keystone.conf");
}
