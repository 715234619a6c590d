import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { ensurePythonEnvironment } from "#e2e/cluster/openstack/python-environment.ts";
import { cacheRoot } from "#e2e/tools/cache.ts";

const run = promisify(execFile);

/** Debian's cloud-init, and the one thing that it imports and that the services' Python has not. */
const PACKAGES = ["cloud-init", "python3-configobj"];

/** What cloud-init made of user data. */
export interface ReadUserData {
  /** Content types of the parts, in their order, as cloud-init came to see them. */
  readonly kinds: readonly string[];
  /** All cloud-config, merged; null where there is none. */
  readonly config: Readonly<Record<string, unknown>> | null;
  /** Scripts for the end of the first boot. */
  readonly scripts: readonly string[];
  /** What runs at each boot. */
  readonly boothooks: readonly string[];
}

/**
 * Lets Debian's own cloud-init, unpacked and not installed, read user data offline. One start of Python reads all.
 * @returns for each what came of it, or cloud-init's error in words
 */
export async function readUserData(
  all: readonly Uint8Array[],
): Promise<readonly (ReadUserData | { readonly error: string })[]> {
  const python = (await ensurePythonEnvironment()).bin("python");
  const root = await unpacked();
  const folder = mkdtempSync(join(root, "..", "read-"));
  try {
    const files = all.map((userData, at) => {
      const file = join(folder, `user-data-${at}`);
      writeFileSync(file, userData);
      return file;
    });
    const script = join(import.meta.dirname, "read-user-data.py");
    const env = { ...process.env, TMPDIR: folder, PYTHONPATH: join(root, "usr/lib/python3/dist-packages") };
    const { stdout } = await run(python, [script, ...files], { env });
    return JSON.parse(stdout) as readonly (ReadUserData | { readonly error: string })[];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The packages' files below `<cache>/cloud-init/root`; of the machine's own release, from its package source. */
async function unpacked(): Promise<string> {
  const parent = join(cacheRoot(), "cloud-init");
  const root = join(parent, "root");
  if (existsSync(root)) return root;
  mkdirSync(parent, { recursive: true });
  const work = mkdtempSync(join(parent, "unpack-"));
  try {
    await run("apt-get", ["download", "-q", ...PACKAGES], { cwd: work });
    for (const archive of readdirSync(work).filter((name) => name.endsWith(".deb")))
      await run("dpkg-deb", ["-x", join(work, archive), join(work, "root")]);
    renameSync(join(work, "root"), root);
  } catch (error) {
    // Another program was quicker.
    if (!existsSync(root)) throw error;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return root;
}
