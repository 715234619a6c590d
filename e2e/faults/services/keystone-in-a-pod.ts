import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { request } from "undici";
import { writeWhole } from "#e2e/cluster/files.ts";
import { clusterLocation } from "#e2e/cluster/location.ts";
import { folderOf } from "#e2e/cluster/openstack/context.ts";
import { readPassword } from "#e2e/cluster/openstack/passwords.ts";
import { ensurePythonEnvironment } from "#e2e/cluster/openstack/python-environment.ts";
import { freePort } from "#e2e/cluster/ports.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { run } from "#e2e/harness/run.ts";
import { KEYSTONE_PORT } from "#operator/clients/cloud-connection.ts";
import { drainCommand } from "#operator/cloud/children/drain.ts";
import { keystoneConfiguration } from "#operator/cloud/children/keystone.ts";
import { SOCKET } from "#operator/cloud/children/mesh.ts";
import {
  AROUND_WSGI,
  databaseUrl,
  osloConfig,
  program,
  READY_PATH,
  RUN_FOLDER,
  serviceFolder,
} from "#operator/cloud/children/service-config.ts";
import { aDeployment, aDeploymentInTheMesh } from "#operator/cloud/fixtures.ts";

/** A second Keystone on the local cluster's database, under uWSGI with the files and the commands of a Cloud's pod. */
export interface KeystoneInAPod {
  readonly port: number;
  /** Where its sidecar would call it. */
  readonly socket: string;
  /** What kubelet runs before it tells a pod to stop, to its end. */
  drain(): Promise<void>;
  /** Kills a worker, and waits until another is in its place, which has just begun to load. */
  loseAWorker(): Promise<void>;
  /** Tells uWSGI to stop, and waits until it has. */
  stop(): Promise<void>;
  /** Ends it by force where it still runs, and removes its files. */
  close(): void;
}

export interface KeystoneOptions {
  /** Of bcrypt, for passwords that it stores. */
  readonly passwordHashRounds?: number;
  /** A port of loopback that leads to the same database. */
  readonly databasePort?: number;
  /** Whether a database that does not answer is given up, as in a pod; default true. */
  readonly deadline?: boolean;
  /** Changes uWSGI's file before it starts. */
  readonly edit?: (configuration: string) => string;
  /** How much longer than by itself a worker loads the application; default 0. */
  readonly loadSeconds?: number;
}

/** By then a new worker has done what comes before the application, milliseconds. */
const FORKED_MS = 1_000;

export async function keystoneInAPod(options: KeystoneOptions): Promise<KeystoneInAPod> {
  const { passwordHashRounds = 4, databasePort, deadline = true, edit = (same) => same, loadSeconds = 0 } = options;
  const python = await ensurePythonEnvironment();
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "keystone-"));
  const [runFolder, socket] = [join(folder, "run"), join(folder, "service.sock")];
  const deployment = aDeploymentInTheMesh();
  /** The same word with this machine's paths and port in the place of a pod's. */
  const here = (text: string): string =>
    text
      .replaceAll(serviceFolder("keystone"), folder)
      .replaceAll(RUN_FOLDER, runFolder)
      .replaceAll(SOCKET, socket)
      .replaceAll(`0.0.0.0:${KEYSTONE_PORT}`, `127.0.0.1:${port}`);
  mkdirSync(runFolder);
  const files = keystoneConfiguration(deployment)["data"] as Readonly<Record<string, string>>;
  // Keys, cache and database are the local cluster's own: these two are in its Keystone's file.
  for (const name of ["ready.py", "drain.py"]) writeWhole(join(folder, name), here(files[name] ?? ""));
  writeWhole(join(folder, "uwsgi.ini"), edit(here(files["uwsgi.ini"] ?? "")));
  if (!deadline) {
    const parts = AROUND_WSGI.filter((part) => part !== "database_deadline.py");
    writeWhole(join(folder, "ready.py"), program(...parts, "keystone_ready.py"));
  }
  if (loadSeconds > 0) {
    const wsgi = join(folder, "ready.py");
    writeWhole(wsgi, `import time; time.sleep(${loadSeconds})\n${readFileSync(wsgi, "utf8")}`);
  }
  const own = join(folder, "own.conf");
  const settings = {
    identity: { password_hash_rounds: passwordHashRounds },
    ...(databasePort === undefined ? {} : { database: { connection: databaseBy(databasePort) } }),
  };
  writeWhole(own, osloConfig(settings));
  const configured = join(folderOf(clusterLocation(), "keystone"), "keystone.conf");

  const log = join(folder, "log");
  const output = openSync(log, "a");
  const uwsgi: ChildProcess = spawn(python.bin("uwsgi"), ["--ini", join(folder, "uwsgi.ini")], {
    env: { PATH: process.env["PATH"], HOME: folder, OS_KEYSTONE_CONFIG_FILES: `${configured};${own}` },
    stdio: ["ignore", output, output],
    detached: true,
  });
  closeSync(output);
  const ended = once(uwsgi, "exit");
  const close = (): void => {
    endGroup(uwsgi);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await eventually("Keystone to be ready", async () => {
      const { statusCode, body } = await request(`http://127.0.0.1:${port}${READY_PATH}`);
      await body.dump();
      return statusCode === 200;
    });
  } catch (error) {
    const said = readFileSync(log, "utf8").slice(-2_000);
    close();
    throw new Error(`Keystone did not start: ${said}`, { cause: error });
  }
  return {
    port,
    socket,
    drain: async () => {
      const [, ...args] = drainCommand(deployment, "keystone", port).map(here);
      const { ok, text } = await run(python.bin("python"), args, { withinMs: 100_000 });
      if (!ok) throw new Error(text);
    },
    loseAWorker: async () => {
      const before = childrenOf(uwsgi);
      process.kill(before[0] ?? Number.NaN, "SIGKILL");
      await eventually("another worker", async () => childrenOf(uwsgi).some((pid) => !before.includes(pid)));
      await sleep(FORKED_MS);
    },
    stop: async () => {
      uwsgi.kill("SIGTERM");
      await ended;
    },
    close,
  };
}

function childrenOf({ pid }: ChildProcess): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text
    .split(" ")
    .filter((each) => each !== "")
    .map(Number);
}

/** Kills a master that was started `detached`, with its workers, which would serve on without it. */
export function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** The address that a pod has of its database, by a port of loopback. */
function databaseBy(port: number): string {
  const database = { external: { host: "127.0.0.1", port, adminSecretRef: { name: "none" } } };
  const password = readPassword(clusterLocation(), "keystone-database");
  return databaseUrl(aDeployment({ database }), "keystone", { role: "keystone", password });
}
