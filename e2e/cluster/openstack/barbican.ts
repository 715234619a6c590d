import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "../files.ts";
import { checkout } from "../location.ts";
import type { ProcessSpec } from "../processes.ts";
import { configurationFile } from "./configuration-file.ts";
import { folderOf, type OpenStackContext } from "./context.ts";
import { readPassword } from "./passwords.ts";
import { databaseUrl } from "./postgres.ts";
import type { PythonEnvironment } from "./python-environment.ts";
import { runCommand } from "./run-command.ts";
import { uwsgiProcess } from "./uwsgi.ts";

export const keyManagerUrl = (context: OpenStackContext): string => `http://127.0.0.1:${context.servicePorts.barbican}`;

/**
 * Barbican's plugins read the configuration each on their own, from oslo.config's search path alone; its first place is
 * `~/.barbican`. So each of its programs gets this folder as its home.
 */
const home = (context: OpenStackContext): string => folderOf(context, "barbican");

/** Writes the configuration. The key-encryption key is made once: losing it loses every secret. */
export function configureBarbican(context: OpenStackContext): void {
  const kek = join(home(context), "kek");
  if (!existsSync(kek)) writeWhole(kek, randomBytes(32).toString("base64url").padEnd(44, "="));
  const identity = `http://127.0.0.1:${context.servicePorts.keystone}`;
  const text = configurationFile({
    DEFAULT: { host_href: keyManagerUrl(context), db_auto_create: false, use_stderr: true },
    database: { connection: databaseUrl(context, "barbican"), max_pool_size: 3, max_overflow: 5 },
    secretstore: { enabled_secretstore_plugins: "store_crypto" },
    crypto: { enabled_crypto_plugins: "simple_crypto" },
    simple_crypto_plugin: { kek: readFileSync(kek, "utf8") },
    // Without the queue orders are carried out at once, in the request; no worker and no RabbitMQ.
    queue: { enable: false },
    keystone_authtoken: {
      www_authenticate_uri: identity,
      auth_url: identity,
      auth_type: "password",
      username: "barbican",
      password: readPassword(context, "barbican"),
      user_domain_name: "Default",
      project_name: "service",
      project_domain_name: "Default",
      service_token_roles_required: true,
      memcached_servers: `127.0.0.1:${context.servicePorts.memcached}`,
      // A revoked token works for so long, in seconds.
      token_cache_time: 10,
    },
    oslo_policy: { enforce_scope: true, enforce_new_defaults: true },
  });
  writeWhole(join(home(context), ".barbican", "barbican.conf"), text);
}

/** Brings the schema to the release's. */
export async function migrateBarbican(context: OpenStackContext, python: PythonEnvironment): Promise<void> {
  await runCommand({
    command: python.bin("barbican-manage"),
    args: ["db", "upgrade"],
    env: { HOME: home(context) },
    logFile: join(context.logsDir, "barbican-manage.log"),
  });
}

export function barbicanProcess(context: OpenStackContext, python: PythonEnvironment): ProcessSpec {
  return uwsgiProcess(python, {
    name: "barbican",
    module: "barbican_wsgi:application",
    port: context.servicePorts.barbican,
    folder: home(context),
    env: {
      HOME: home(context),
      // barbican_wsgi.py: the images run it too.
      PYTHONPATH: join(checkout, "images", "barbican"),
      PYTHONDONTWRITEBYTECODE: "1",
      BARBICAN_PASTE_FILE: join(python.folder, "etc", "barbican", "barbican-api-paste.ini"),
    },
  });
}
