import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { postgresRunner } from "#e2e/cluster/openstack/postgres-files.ts";
import { freePort } from "#e2e/cluster/ports.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { ensureInstalled } from "#e2e/tools/debian.ts";

/** Debian's, of the version that images/postgresql has: a newer server would refuse its pg_dump. */
const BIN = "/usr/lib/postgresql/15/bin";
const SUPERUSER_PASSWORD = "of-the-superuser";

/** A PostgreSQL of a test's own, with Keystone's and Barbican's roles, as a Cloud's is made. */
export interface TestPostgresql {
  readonly port: number;
  /** Where pg_dump and pg_restore are. */
  readonly bin: string;
  /** Statements of the superuser, in a database. Gives what they print. */
  sql(database: string, ...statements: readonly string[]): Promise<string>;
  /** Makes both databases anew, empty. */
  empty(): Promise<void>;
  /** Holds a lock that keeps everybody from reading a table, until it is given back. */
  lock(database: string, table: string): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

/** Where the programs of that version are. */
export async function ensurePostgresql(): Promise<string> {
  const print = (line: string): void => void process.stderr.write(`${line}\n`);
  await ensureInstalled([{ package: "postgresql-15", file: join(BIN, "postgres") }], print);
  return BIN;
}

export async function openPostgresql(): Promise<TestPostgresql> {
  await ensurePostgresql();
  const runner = postgresRunner();
  // In the system's temporary folder: another user must be able to enter it, and sockets have short names.
  const folder = mkdtempSync(join(tmpdir(), "nephele-backups-"));
  chmodSync(folder, 0o711);
  if (runner.uid !== undefined && runner.gid !== undefined) chownSync(folder, runner.uid, runner.gid);
  const data = join(folder, "data");
  const passwordFile = join(folder, "password");
  writeFileSync(passwordFile, SUPERUSER_PASSWORD);
  const options = { ...runner, cwd: folder };
  const init = ["-D", data, "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"];
  const auth = ["--auth-local=trust", "--auth-host=scram-sha-256", `--pwfile=${passwordFile}`];
  await promisify(execFile)(join(BIN, "initdb"), [...init, ...auth], options);
  const port = await freePort();
  const settings = ["fsync=off", "listen_addresses=127.0.0.1", `unix_socket_directories=${folder}`, `port=${port}`];
  const server = spawn(join(BIN, "postgres"), ["-D", data, ...settings.flatMap((each) => ["-c", each])], {
    ...options,
    stdio: "ignore",
  });
  const psql = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", folder, "-p", String(port), "-U", "postgres"];
  const sql = async (database: string, ...statements: readonly string[]): Promise<string> => {
    const commands = statements.flatMap((statement) => ["-c", statement]);
    const { stdout } = await promisify(execFile)(join(BIN, "psql"), [...psql, "-d", database, ...commands]);
    return stdout.trim();
  };
  await eventually("PostgreSQL to answer", async () => (await sql("postgres", "SELECT 1")) === "1");
  await sql(
    "postgres",
    "CREATE ROLE keystone LOGIN PASSWORD 'of:keystone'",
    "CREATE ROLE barbican LOGIN PASSWORD 'of-barbican'",
  );
  return {
    port,
    bin: BIN,
    sql,
    empty: async () => {
      for (const name of ["keystone", "barbican"])
        await sql("postgres", `DROP DATABASE IF EXISTS ${name}`, `CREATE DATABASE ${name} OWNER ${name}`);
      await sql("postgres", "ALTER DATABASE barbican SET bytea_output = 'escape'");
    },
    lock: async (database, table) => {
      const session = spawn(join(BIN, "psql"), [...psql, "-d", database], { stdio: ["pipe", "pipe", "inherit"] });
      session.stdin.write(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE; SELECT 'held';\n`);
      await once(session.stdout, "data");
      return async () => {
        session.stdin.end();
        await ended(session);
      };
    },
    close: async () => {
      server.kill("SIGINT");
      await ended(server);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}
