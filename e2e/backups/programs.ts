import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { checkout } from "#e2e/cluster/location.ts";
import { ensurePythonEnvironment } from "#e2e/cluster/openstack/python-environment.ts";
import { program } from "#operator/cloud/children/service-config.ts";
import type { TestPostgresql } from "./postgresql.ts";

export type BackupProgram = "back_up.py" | "restore_keys.py" | "restore_databases.py";

/** What a program said at its end. */
export interface Said {
  readonly ok: boolean;
  readonly text: string;
}

interface RunOptions {
  /** What of its plan is another. */
  readonly plan?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Changes its text: for controls. */
  readonly edit?: (text: string) => string;
  /** The largest file that it may write, in bytes. */
  readonly fileLimit?: number;
}

/** The programs of backups as their pods run them: the image's libraries, a volume, mounted secrets, a plan. */
export interface BackupPrograms {
  readonly cloud: string;
  /** The folder of the Cloud's backups on the volume. */
  readonly backups: string;
  /** Names in that folder that are no file of its own, whole backups or not. */
  names(): readonly string[];
  /** Writes what is mounted: `keys/kek/0`, `given/identity`. */
  mount(path: string, text: string): void;
  /** Where it is mounted. */
  mounted(path: string): string;
  run(name: BackupProgram, options?: RunOptions): Promise<Said>;
  /** Starts one, for who wants to end it in the middle. */
  start(name: BackupProgram, options?: RunOptions): ChildProcess;
  /** Runs Python with the same libraries. Gives what it prints. */
  python(text: string, ...args: readonly string[]): Promise<string>;
  close(): void;
}

export async function openPrograms(postgresql: TestPostgresql, cloud: string): Promise<BackupPrograms> {
  const environment = await ensurePythonEnvironment(join(checkout, "images", "postgresql", "requirements.txt"));
  const folder = mkdtempSync(join(tmpdir(), "nephele-programs-"));
  const at = (...path: readonly string[]): string => join(folder, ...path);
  for (const each of ["volume", "scratch"]) mkdirSync(at(each));
  const said = at("said");
  const backups = at("volume", cloud);
  const plan = {
    cloud,
    namespace: "nephele-system",
    installation: "local",
    volume: at("volume"),
    secrets: at("secrets"),
    scratch: at("scratch"),
    said,
    host: "127.0.0.1",
    port: postgresql.port,
    logins: {
      keystone: { role: "keystone", file: "given/keystone" },
      barbican: { role: "barbican", file: "given/barbican" },
    },
    keep: 2,
    keySet: "set-1",
    release: { oldest: "2026.2", newest: "2026.2" },
    identity: "given/identity",
  };
  const mount = (path: string, text: string): void => {
    mkdirSync(dirname(at("secrets", path)), { recursive: true });
    writeFileSync(at("secrets", path), text);
  };
  mount("given/keystone", "of:keystone");
  mount("given/barbican", "of-barbican");
  const python = environment.bin("python");
  const start = (
    name: BackupProgram,
    { plan: over = {}, env = {}, edit, fileLimit }: RunOptions = {},
  ): ChildProcess => {
    rmSync(said, { force: true });
    const text = program("backups.py", name);
    const args = ["-c", edit === undefined ? text : edit(text), JSON.stringify({ ...plan, ...over })];
    // A file that would be larger is refused as on a full disk; Python does not end at the signal.
    const limited = fileLimit === undefined ? [python, ...args] : ["prlimit", `--fsize=${fileLimit}`, python, ...args];
    const [command = "", ...rest] = limited;
    return spawn(command, rest, { env: { PATH: `${postgresql.bin}:/usr/bin:/bin`, LANG: "C.UTF-8", ...env } });
  };
  return {
    cloud,
    backups,
    names: () => (existsSync(backups) ? readdirSync(backups).filter((name) => name !== ".lock") : []).sort(),
    mount,
    mounted: (path) => at("secrets", path),
    start,
    run: async (name, options) => {
      const child = start(name, options);
      const [code] = (await once(child, "exit")) as [number | null];
      return { ok: code === 0, text: existsSync(said) ? readFileSync(said, "utf8") : "" };
    },
    python: async (text, ...args) => {
      const child = spawn(python, ["-c", text, ...args], { stdio: ["ignore", "pipe", "inherit"] });
      const printed: Buffer[] = [];
      child.stdout.on("data", (chunk: Buffer) => printed.push(chunk));
      const [code] = (await once(child, "close")) as [number | null];
      if (code !== 0) throw new Error(`Python ended with ${code}`);
      return Buffer.concat(printed).toString().trim();
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A private key of age and the recipient that goes with it. */
export interface AgeKey {
  readonly identity: string;
  readonly recipient: string;
}

export async function ageKey(programs: Pick<BackupPrograms, "python">): Promise<AgeKey> {
  const text = "import pyrage; key = pyrage.x25519.Identity.generate(); print(key, key.to_public())";
  const [identity = "", recipient = ""] = (await programs.python(text)).split(" ");
  return { identity, recipient };
}
