import { execFile } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Something that must be on this machine, and the Debian package that brings it. */
export interface SystemNeed {
  readonly package: string;
  /** A program that must be on PATH, or the name by which pkg-config knows a library. */
  readonly program?: string;
  readonly library?: string;
  /** Or a file that must be there. */
  readonly file?: string;
}

/** Where programs for administrators are; PATH may lack them. */
const systemFolders = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/**
 * Installs what is missing by apt-get where this is root, and says so; else it throws and names the packages. Nothing is
 * done where nothing is missing.
 */
export async function ensureInstalled(needs: readonly SystemNeed[], print: (line: string) => void): Promise<void> {
  const missing: string[] = [];
  for (const need of needs) if (!(await isThere(need))) missing.push(need.package);
  if (missing.length === 0) return;
  const command = `apt-get install --no-install-recommends ${missing.join(" ")}`;
  if (process.getuid?.() !== 0)
    throw new Error(`missing on this machine: ${missing.join(", ")}. Install it: ${command}`);
  print(`installing ${missing.join(", ")} (Debian packages)`);
  const options = { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } };
  try {
    await run("apt-get", ["install", "-y", "-q", "--no-install-recommends", ...missing], options);
  } catch {
    // A new machine has no list of packages yet.
    await run("apt-get", ["update", "-q"], options);
    await run("apt-get", ["install", "-y", "-q", "--no-install-recommends", ...missing], options).catch(
      (cause: unknown) => {
        throw new Error(`${command} failed; install these packages, or what brings the same on your system`, { cause });
      },
    );
  }
}

async function isThere({ program, library, file }: SystemNeed): Promise<boolean> {
  if (program !== undefined && !onPath(program)) return false;
  if (file !== undefined && !existsSync(file)) return false;
  if (library === undefined) return true;
  try {
    await run("pkg-config", ["--exists", library]);
    return true;
  } catch {
    return false;
  }
}

function onPath(program: string): boolean {
  return [...(process.env["PATH"] ?? "").split(delimiter), ...systemFolders].some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
