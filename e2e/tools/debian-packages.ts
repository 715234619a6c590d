import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheRoot } from "./cache.ts";

const run = promisify(execFile);

/**
 * A folder of the cache with what Debian packages hold, downloaded and unpacked without installing anything.
 * @param name of the folder
 * @param packageSets names of packages; the first set of which all are known to this machine's Debian is taken
 * @throws Error that says what to install by hand, where none is
 */
export async function unpackedPackages(name: string, packageSets: readonly (readonly string[])[]): Promise<string> {
  const folder = join(cacheRoot(), name);
  if (!existsSync(folder)) await unpack(name, folder, packageSets);
  return folder;
}

async function unpack(name: string, folder: string, packageSets: readonly (readonly string[])[]): Promise<void> {
  mkdirSync(join(folder, ".."), { recursive: true });
  const work = mkdtempSync(`${folder}.`);
  try {
    await download(work, packageSets);
    const archives = readdirSync(work).filter((file) => file.endsWith(".deb"));
    for (const archive of archives) await run("dpkg-deb", ["-x", join(work, archive), join(work, "root")]);
    renameSync(join(work, "root"), folder);
  } catch (cause) {
    if (existsSync(folder)) return; // Another program was quicker.
    const how = `install it (Debian: apt-get install ${packageSets[0]?.[0] ?? name})`;
    throw new Error(`${name} is not on this machine, and apt-get download gave no package; ${how}`, { cause });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function download(folder: string, packageSets: readonly (readonly string[])[]): Promise<void> {
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
