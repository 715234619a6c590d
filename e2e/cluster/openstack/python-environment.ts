import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheRoot } from "../../tools/cache.ts";
import { withLock } from "../../tools/lock.ts";
import { runCommand } from "./run-command.ts";

/** A virtual environment that holds what requirements.txt names. */
export interface PythonEnvironment {
  readonly folder: string;
  /** Absolute path of a program in it: `keystone-manage`, `uwsgi`, `openstack` … */
  bin(program: string): string;
}

/** Programs to try, in order: the first that is Python 3.11 or later is taken. */
const candidates = ["python3", "python3.14", "python3.13", "python3.12", "python3.11"];

/** What the local cluster runs of OpenStack. */
const openStack = join(import.meta.dirname, "requirements.txt");

/**
 * The environment of a requirements file (a complete closure with hashes), installed on first use (half a minute) under `<cache>/python/<hash of requirements and Python>`.
 * A virtual environment cannot be moved, so it is made in its final place; the file `.complete` says that it is whole.
 */
export async function ensurePythonEnvironment(requirements = openStack): Promise<PythonEnvironment> {
  const python = await findPython();
  const key = createHash("sha256")
    .update(`${python.version} ${process.arch}\n`)
    .update(readFileSync(requirements))
    .digest("hex")
    .slice(0, 16);
  const folder = join(cacheRoot(), "python", key);
  const environment = { folder, bin: (program: string) => join(folder, "bin", program) };
  const complete = join(folder, ".complete");
  if (existsSync(complete)) return environment;
  await withLock(`python ${key}`, async () => {
    if (!existsSync(complete)) await install(python.path, folder, requirements);
  });
  return environment;
}

async function install(python: string, folder: string, requirements: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  const logFile = `${folder}.log`;
  await runCommand({ command: python, args: ["-m", "venv", folder], logFile });
  const bin = (program: string): string => join(folder, "bin", program);
  // Without dependency resolution: the file is the complete closure. Wheels only: nothing is compiled here.
  const pip = [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--no-deps",
    "--require-hashes",
    "--only-binary",
    ":all:",
    "--no-compile",
  ];
  await runCommand({ command: bin("python"), args: [...pip, "-r", requirements], logFile });
  await runCommand({
    command: bin("python"),
    args: ["-m", "compileall", "-q", "-j", "0", join(folder, "lib")],
    logFile,
  });
  writeFileSync(join(folder, ".complete"), "");
}

async function findPython(): Promise<{ readonly path: string; readonly version: string }> {
  for (const name of candidates) {
    const found = await askPython(name);
    if (found !== undefined) return found;
  }
  throw new Error("no Python of 3.11 or later is on PATH; install it (Debian: apt-get install python3 python3-venv)");
}

async function askPython(name: string): Promise<{ readonly path: string; readonly version: string } | undefined> {
  const script =
    "import sys; print(sys.executable); print('%d.%d' % sys.version_info[:2]); sys.exit(sys.version_info < (3, 11))";
  try {
    const { stdout } = await promisify(execFile)(name, ["-c", script]);
    const [path, version] = stdout.trim().split("\n");
    return path === undefined || version === undefined ? undefined : { path, version };
  } catch {
    return undefined;
  }
}
