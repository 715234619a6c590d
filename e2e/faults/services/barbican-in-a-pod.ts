import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { request } from "undici";
import { writeWhole } from "#e2e/cluster/files.ts";
import { checkout, clusterLocation } from "#e2e/cluster/location.ts";
import { readOpenStackHandle } from "#e2e/cluster/openstack/handle.ts";
import { readPassword } from "#e2e/cluster/openstack/passwords.ts";
import { ensurePythonEnvironment, type PythonEnvironment } from "#e2e/cluster/openstack/python-environment.ts";
import { freePort, openPorts } from "#e2e/cluster/ports.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { run, type Said } from "#e2e/harness/run.ts";
import { unpackedPackages } from "#e2e/tools/debian-packages.ts";
import { BARBICAN_PORT } from "#operator/clients/cloud-connection.ts";
import { barbicanConfiguration } from "#operator/cloud/children/barbican.ts";
import { storeKeysJob } from "#operator/cloud/children/jobs.ts";
import { SOFTHSM_LIBRARY, STORE_FILES, STORES_FOLDER, TOKENS_FOLDER } from "#operator/cloud/children/secret-stores.ts";
import {
  databaseUrl,
  osloConfig,
  READY_PATH,
  RUN_FOLDER,
  serviceFolder,
} from "#operator/cloud/children/service-config.ts";
import { aDeployment } from "#operator/cloud/fixtures.ts";
import { endGroup } from "./keystone-in-a-pod.ts";

export interface InTokens {
  /** Names of stores in tokens of SoftHSM2's, which are named as they are; the first is the default. */
  readonly stores: readonly string[];
  /** Barbican's own plugin instead of ours, for the one store that it can have. */
  readonly plain?: boolean;
}

/** A second Barbican beside the local cluster's, under uWSGI with the files and commands of a Cloud's pod, its data its own. */
export interface BarbicanInAPod {
  readonly url: string;
  /** The folder with SoftHSM2's tokens. */
  readonly tokens: string;
  /** Mounts a PIN, as a changed core Secret is. */
  writePin(store: string, pin: string): void;
  /** What the Job of a Cloud runs that makes keys, to its end. */
  makeKeys(): Promise<Said>;
  /** What it says of its stores. */
  states(): Promise<Readonly<Record<string, string | null>>>;
  /** Starts uWSGI, and waits until it answers. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** What it has logged. */
  log(): string;
  /** Ends it by force where it still runs, and removes its files and data. */
  close(): Promise<void>;
}

/** As kubelet's startup probe waits (operator/cloud/children/web-service.ts). */
const START_MS = 120_000;
/** An alarm for programs that load all of Barbican, as a Job has one. */
const PROGRAM_MS = 180_000;
export const PIN = "7193-5526";
const PLAIN_SECTION = "p11_crypto_plugin";

export async function barbicanInAPod({ stores, plain = false }: InTokens): Promise<BarbicanInAPod> {
  const python = await ensurePythonEnvironment();
  const softHsm = await unpackedPackages("softhsm2", [["softhsm2", "libsofthsm2", "softhsm2-common"]]);
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "barbican-"));
  const path = (...names: readonly string[]): string => join(folder, ...names);
  const tokens = path("tokens");
  for (const made of [tokens, path("run"), path("stores")]) mkdirSync(made, { recursive: true });
  const deployment = aDeployment({
    keyManager: {
      stores: [
        { name: "software", type: "SimpleCrypto", default: false },
        ...stores.map((name, at) => ({
          ...{ name, type: "PKCS11" as const, default: at === 0 },
          pkcs11: { tokenLabel: name, pinSecretRef: { name: "pins", key: name } },
        })),
      ],
    },
  });
  /** The same word with this machine's paths and port in the place of a pod's. */
  const here = (text: string): string =>
    text
      .replaceAll(STORES_FOLDER, path("stores"))
      .replaceAll(serviceFolder("barbican"), folder)
      .replaceAll(TOKENS_FOLDER, tokens)
      .replaceAll(SOFTHSM_LIBRARY, join(softHsm, SOFTHSM_LIBRARY))
      .replaceAll(RUN_FOLDER, path("run"))
      .replaceAll(`0.0.0.0:${BARBICAN_PORT}`, `127.0.0.1:${port}`);
  const files = barbicanConfiguration(deployment)["data"] as Readonly<Record<string, string>>;
  const text = (name: string): string => here(files[name] ?? "");
  // oslo.config looks for /etc/barbican here first.
  const configured = (of: string): string => (plain ? plainly(of, stores[0] ?? "") : of);
  writeWhole(path(".barbican", "barbican.conf"), configured(text("barbican.conf")));
  for (const name of ["uwsgi.ini", "ready.py"]) writeWhole(path(name), text(name));
  const schema = `pod_${randomBytes(4).toString("hex")}`;
  const database = { schema, url: await ownDatabase(schema) };
  writeWhole(path(".barbican", "barbican.conf.d", "secrets.conf"), await ownSettings(database.url, plain));
  for (const [key, at] of Object.entries(STORE_FILES)) writeWhole(path("stores", at), text(key));
  const writePin = (store: string, pin: string): void => writeWhole(path("stores", "pins", store), `${pin}\n`);
  for (const store of stores) writePin(store, PIN);
  const env = {
    HOME: folder,
    PYTHONPATH: [path("stores"), join(checkout, "images", "barbican")].join(":"),
    SOFTHSM2_CONF: path("stores", "softhsm2.conf"),
    PYTHONDONTWRITEBYTECODE: "1",
    BARBICAN_PASTE_FILE: join(python.folder, "etc", "barbican", "barbican-api-paste.ini"),
  };
  await inSchema(python, database.url, `CREATE SCHEMA ${schema}`);
  const migrated = await run(python.bin("barbican-manage"), ["db", "upgrade"], { env, withinMs: PROGRAM_MS });
  if (!migrated.ok) throw new Error(migrated.text);

  const log = path("log");
  const url = `http://127.0.0.1:${port}`;
  let uwsgi: ChildProcess | undefined;
  let ended: Promise<unknown> = Promise.resolve();
  return {
    ...{ url, tokens, writePin },
    makeKeys: async () => {
      const { template } = storeKeysJob(deployment, "")["spec"] as {
        readonly template: { readonly spec: { readonly containers: readonly Program[] } };
      };
      const [container] = template.spec.containers;
      const { command = [], args = [] } = container ?? {};
      return run(python.bin("python"), [...command.slice(1), ...args].map(here), { env, withinMs: PROGRAM_MS });
    },
    states: async () => {
      const { statusCode, body } = await request(`${url}/nephele/stores`);
      const said = (await body.json()) as { readonly stores: Readonly<Record<string, string | null>> };
      if (statusCode !== 200) throw new Error(JSON.stringify(said));
      return said.stores;
    },
    start: async () => {
      const output = openSync(log, "a");
      uwsgi = spawn(python.bin("uwsgi"), ["--ini", path("uwsgi.ini")], {
        env: { PATH: process.env["PATH"], ...env },
        stdio: ["ignore", output, output],
        detached: true,
      });
      closeSync(output);
      ended = once(uwsgi, "exit");
      const look = async (): Promise<boolean> => {
        const { statusCode, body } = await request(`${url}${READY_PATH}`);
        await body.dump();
        return statusCode === 200;
      };
      try {
        await eventually("Barbican to be ready", look, { withinMs: START_MS });
      } catch (error) {
        throw new Error(`Barbican did not start: ${readFileSync(log, "utf8").slice(-2_000)}`, { cause: error });
      }
    },
    stop: async () => {
      uwsgi?.kill("SIGTERM");
      await ended;
    },
    log: () => readFileSync(log, "utf8"),
    close: async () => {
      if (uwsgi !== undefined) endGroup(uwsgi);
      await ended;
      await inSchema(python, database.url, `DROP SCHEMA ${schema} CASCADE`);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Program {
  readonly command?: readonly string[];
  readonly args?: readonly string[];
}

/** The same configuration for Barbican's own plugin, of which a process has one. The Job that makes its keys has ours. */
function plainly(configuration: string, store: string): string {
  const own = `[pkcs11:${store}]`;
  const [section = ""] = configuration.slice(configuration.indexOf(own)).split("\n\n");
  return `${configuration.replace(`crypto_plugin = pkcs11_${store}`, "crypto_plugin = p11_crypto")}
${section.replace(own, `[${PLAIN_SECTION}]`)}
`;
}

/** The local cluster's PostgreSQL, in which a schema of its own is everything that there is. */
async function ownDatabase(schema: string): Promise<string> {
  const port = await openPorts(clusterLocation().stateDir).take("postgres");
  const database = { external: { host: "127.0.0.1", port, adminSecretRef: { name: "none" } } };
  const password = readPassword(clusterLocation(), "barbican-database");
  const url = databaseUrl(aDeployment({ database }), "barbican", { role: "barbican", password });
  return `${url}&options=${encodeURIComponent(`-csearch_path=${schema}`)}`;
}

/** What a pod's Secret says, with the local cluster's Keystone. */
async function ownSettings(connection: string, plain: boolean): Promise<string> {
  const location = clusterLocation();
  const keystone = readOpenStackHandle(location).identityUrl.replace(/\/v3$/, "");
  const memcached = await openPorts(location.stateDir).take("memcached");
  return osloConfig({
    database: { connection },
    simple_crypto_plugin: { kek: [randomBytes(32).toString("base64url").padEnd(44, "=")] },
    keystone_authtoken: {
      ...{ auth_url: keystone, www_authenticate_uri: keystone, memcached_servers: `127.0.0.1:${memcached}` },
      ...{ username: "barbican", password: readPassword(location, "barbican") },
    },
    ...(plain ? { [PLAIN_SECTION]: { login: PIN } } : {}),
  });
}

/** Runs a statement; the address, which has a password, goes by standard input. */
async function inSchema(python: PythonEnvironment, url: string, statement: string): Promise<void> {
  const script = `
import json, sys
from sqlalchemy import create_engine, text
url, statement = json.load(sys.stdin)
with create_engine(url).begin() as connection:
    connection.execute(text(statement))
`;
  const { ok, text } = await run(python.bin("python"), ["-c", script], { input: [url, statement] });
  if (!ok) throw new Error(`${statement} failed: ${text}`);
}
