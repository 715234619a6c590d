import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { program } from "#operator/cloud/children/service-config.ts";
import type { Age } from "./age.ts";
import type { TestPostgresql } from "./postgresql.ts";

export type BackupProgram = "back_up.py" | "restore_keys.py" | "restore_databases.py" | "drill.py";

const NOBODY = ["--map-user=nobody", "--map-group=nogroup"];

/** What a program said at its end. */
export interface Said {
  readonly ok: boolean;
  readonly text: string;
}

interface RunOptions {
  /** What of its plan is another; with a `bucket` backups are kept there. */
  readonly plan?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Changes its text: for controls. */
  readonly edit?: (text: string) => string;
  /** The largest file that it may write, in bytes. */
  readonly fileLimit?: number;
  /** As a user that has a name and is not root, and to whom what is root's belongs: PostgreSQL's server wants one. */
  readonly asNobody?: boolean;
}

/** The programs of backups as their pods run them: the image's libraries, a volume, mounted secrets, a plan. */
export interface BackupPrograms {
  readonly cloud: string;
  /** The folder of the Cloud's backups on the volume. */
  readonly backups: string;
  /** A folder for what is needed for a while. */
  readonly scratch: string;
  /** Names in that folder that are no file of its own, whole backups or not. */
  names(): readonly string[];
  /** Writes what is mounted: `keys/kek/0`, `given/identity`. */
  mount(path: string, text: string): void;
  /** Where it is mounted. */
  mounted(path: string): string;
  run(name: BackupProgram, options?: RunOptions): Promise<Said>;
  /** Starts one, for who wants to end it in the middle. */
  start(name: BackupProgram, options?: RunOptions): ChildProcess;
  close(): void;
}

export function openPrograms({ python }: Age, postgresql: TestPostgresql, cloud: string): BackupPrograms {
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
  const start = (
    name: BackupProgram,
    { plan: over = {}, env = {}, edit, fileLimit, asNobody }: RunOptions = {},
  ): ChildProcess => {
    rmSync(said, { force: true });
    const text = program("backups.py", ...("bucket" in over ? ["bucket.py"] : []), name);
    const edited = edit?.(text) ?? text;
    if (edit !== undefined && edited === text) throw new Error(`nothing of ${name} is edited: it reads otherwise now`);
    const args = ["-c", edited, JSON.stringify({ ...plan, ...over })];
    // A file that would be larger is refused as on a full disk; Python does not end at the signal.
    const limited = fileLimit === undefined ? [python, ...args] : ["prlimit", `--fsize=${fileLimit}`, python, ...args];
    const user = asNobody === true && process.getuid?.() === 0 ? ["unshare", "--user", ...NOBODY] : [];
    const [command = "", ...rest] = [...user, ...limited];
    return spawn(command, rest, { env: { PATH: `${postgresql.bin}:/usr/bin:/bin`, LANG: "C.UTF-8", ...env } });
  };
  return {
    cloud,
    backups,
    scratch: at("scratch"),
    names: () => (existsSync(backups) ? readdirSync(backups).filter((name) => name !== ".lock") : []).sort(),
    mount,
    mounted: (path) => at("secrets", path),
    start,
    run: async (name, options) => {
      const child = start(name, options);
      const [code] = (await once(child, "exit")) as [number | null];
      return { ok: code === 0, text: existsSync(said) ? readFileSync(said, "utf8") : "" };
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}
