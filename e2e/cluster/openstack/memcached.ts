import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { cacheRoot } from "../../tools/cache.ts";
import type { ProcessSpec } from "../processes.ts";
import type { OpenStackContext } from "./context.ts";

const run = promisify(execFile);

interface Memcached {
  readonly command: string;
  /** Folders of libraries that the machine itself lacks. */
  readonly libraries: readonly string[];
}

/** memcached from PATH; else Debian's packages, downloaded and unpacked into the cache without installing anything. */
async function ensureMemcached(): Promise<Memcached> {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/bin", "/usr/sbin"];
  const onPath = folders.map((folder) => join(folder, "memcached")).find((path) => existsSync(path));
  if (onPath !== undefined) return { command: onPath, libraries: [] };
  const folder = join(cacheRoot(), "memcached");
  if (!existsSync(folder)) await unpack(folder);
  const lib = join(folder, "usr", "lib");
  const libraries = existsSync(lib) ? readdirSync(lib).map((name) => join(lib, name)) : [];
  return { command: join(folder, "usr", "bin", "memcached"), libraries };
}

/** The packages of Debian 12, and of 13 where the time_t transition renamed one. */
const packageSets = [
  ["memcached", "libevent-2.1-7", "libsasl2-2"],
  ["memcached", "libevent-2.1-7t64", "libsasl2-2"],
];

async function unpack(folder: string): Promise<void> {
  mkdirSync(join(folder, ".."), { recursive: true });
  const work = mkdtempSync(`${folder}.`);
  try {
    await download(work);
    const archives = readdirSync(work).filter((name) => name.endsWith(".deb"));
    for (const archive of archives) await run("dpkg-deb", ["-x", join(work, archive), join(work, "root")]);
    renameSync(join(work, "root"), folder);
  } catch (cause) {
    if (existsSync(folder)) return; // Another program was quicker.
    const how = "install it (Debian: apt-get install memcached)";
    throw new Error(`memcached is not on PATH, and apt-get download gave no package; ${how}`, { cause });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function download(folder: string): Promise<void> {
  const failures: unknown[] = [];
  for (const packages of packageSets) {
    try {
      await run("apt-get", ["download", "-q", ...packages], { cwd: folder });
      return;
    } catch (error) {
      failures.push(error);
    }
  }
  throw new AggregateError(failures, "apt-get download failed for every known set of packages");
}

export async function memcachedProcess(context: OpenStackContext): Promise<ProcessSpec> {
  const { command, libraries } = await ensureMemcached();
  const asRoot = process.getuid?.() === 0 ? ["-u", "nobody"] : [];
  return {
    name: "memcached",
    command,
    args: [
      "-l",
      "127.0.0.1",
      "-p",
      String(context.servicePorts.memcached),
      "-U",
      "0",
      "-m",
      "64",
      "-c",
      "256",
      ...asRoot,
    ],
    ...(libraries.length === 0 ? {} : { env: { LD_LIBRARY_PATH: libraries.join(delimiter) } }),
  };
}
