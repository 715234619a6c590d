import { join } from "node:path";
import type { ProcessSpec } from "../processes.ts";
import type { OpenStackContext } from "./context.ts";
import { readPassword } from "./passwords.ts";
import { makePostgresFolder, postgresBin, postgresData, postgresFolder, postgresRunner } from "./postgres-files.ts";
import { runCommand } from "./run-command.ts";

const superuser = "postgres";

/** Makes binaries, data folder, roles and databases; what was there before goes. */
export async function createDatabases(context: OpenStackContext): Promise<void> {
  const runner = postgresRunner();
  const folder = makePostgresFolder(context, runner);
  const common = { ...runner, cwd: folder, logFile: join(context.logsDir, "postgres-initdb.log") };
  const data = postgresData(folder);
  await runCommand({
    ...common,
    command: postgresBin(folder, "initdb"),
    // The superuser gets no password and no local login: nobody connects as it, the roles are made by `--single` below.
    args: [
      ...["-D", data, "-U", superuser, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"],
      ...["--auth-local=reject", "--auth-host=scram-sha-256"],
    ],
  });
  await runCommand({
    ...common,
    command: postgresBin(folder, "postgres"),
    args: ["--single", "-D", data, ...options(), superuser],
    input: setupStatements(context).join("\n"),
  });
}

/** One statement a line, as `postgres --single` reads them. */
function setupStatements(context: OpenStackContext): readonly string[] {
  const create = (name: "keystone" | "barbican"): readonly string[] => [
    `CREATE ROLE ${name} LOGIN PASSWORD '${readPassword(context, `${name}-database`)}';`,
    `CREATE DATABASE ${name} OWNER ${name};`,
  ];
  return [
    ...create("keystone"),
    ...create("barbican"),
    // Barbican stores payloads as text in bytea columns. In the default form, hex, they can never be read again (500).
    "ALTER DATABASE barbican SET bytea_output='escape';",
    "",
  ];
}

/** No durability: a cluster that lost its machine is made anew. No statement is ever logged, for it may hold a secret. */
function options(): readonly string[] {
  const settings = {
    fsync: "off",
    synchronous_commit: "off",
    full_page_writes: "off",
    shared_buffers: "64MB",
    max_connections: "60",
    log_statement: "none",
    log_min_error_statement: "panic",
    log_error_verbosity: "terse",
  };
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

export function postgresProcess(context: OpenStackContext): ProcessSpec {
  const folder = postgresFolder(context);
  const port = String(context.servicePorts.postgres);
  const listen = ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-p", port];
  return {
    ...postgresRunner(),
    name: "postgres",
    command: postgresBin(folder, "postgres"),
    args: ["-D", postgresData(folder), ...options(), ...listen],
    cwd: folder,
    stopSignal: "SIGINT",
  };
}

/** The SQLAlchemy URL of a service's database. It holds the password: for files of mode 0600 only. */
export function databaseUrl(context: OpenStackContext, name: "keystone" | "barbican"): string {
  const password = readPassword(context, `${name}-database`);
  return `postgresql+psycopg2://${name}:${password}@127.0.0.1:${context.servicePorts.postgres}/${name}`;
}
