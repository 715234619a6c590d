import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheRoot } from "../../e2e/tools/cache.ts";
import type { BuildRequest, Engine } from "../engine.ts";
import { machineFiles } from "../machine-files.ts";
import { capture, run } from "../run.ts";

const debianSuite = "bookworm";
/** What the build stages install anyway: in the base, it is there at once. */
const buildPackages = ["binutils", "ca-certificates", "python3", "python3-venv"];
const base = `localhost/debian:${debianSuite}`;

/** Debian's names of the programs that are needed. */
const programs = { buildah: "buildah", mmdebstrap: "mmdebstrap" };

/**
 * buildah, as root and without a daemon. Its images and layers are in the cache; the base is made of Debian's packages by
 * mmdebstrap, because nothing is pulled. Every mount is made in a mount namespace of its own and ends with it.
 */
export async function buildah(print: (line: string) => void): Promise<Engine> {
  if (process.getuid?.() !== 0) {
    throw new Error(
      "images are built by Docker, whose daemon does not answer, or by buildah as root: start Docker, or be root",
    );
  }
  await installMissing(print);
  return { build };
}

async function installMissing(print: (line: string) => void): Promise<void> {
  const missing: string[] = [];
  for (const [program, name] of Object.entries(programs)) {
    await capture(program, ["--version"]).catch(() => missing.push(name));
  }
  if (missing.length === 0) return;
  print(`installing ${missing.join(", ")} by apt-get`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  try {
    await run("apt-get", ["-qq", "update"], { env });
    await run("apt-get", ["-qq", "install", "--no-install-recommends", ...missing], { env });
  } catch (cause) {
    throw new Error(`${missing.join(" and ")} could not be installed by apt-get: install them by hand`, { cause });
  }
}

async function build(request: BuildRequest): Promise<void> {
  const store = openStore();
  try {
    await ensureBase(store);
    const args = Object.entries(request.args).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]);
    const secrets = machineFiles().flatMap(({ id, path }) => ["--secret", `id=${id},src=${path}`]);
    const name = ["--tag", request.reference, "--file", request.dockerfile];
    const debian = ["--build-arg", `DEBIAN=${base}`];
    const target = request.target === undefined ? [] : ["--target", request.target];
    const stage = [...debian, ...args, ...target];
    await store.run(["build", "--layers", "--pull-never", ...stage, ...secrets, ...name, request.context]);
    await store.run(["push", "--quiet", request.reference, `oci-archive:${request.archive}:${request.reference}`]);
  } finally {
    store.close();
  }
}

interface Store {
  run(args: readonly string[]): Promise<void>;
  has(reference: string): Promise<boolean>;
  close(): void;
}

/** buildah's storage in the cache. What it knows of mounts is forgotten at the end, as the mounts are gone then. */
function openStore(): Store {
  const root = join(cacheRoot(), "images", "buildah");
  mkdirSync(root, { recursive: true });
  const runRoot = mkdtempSync(join(root, "run-"));
  const storage = ["--root", join(root, "storage"), "--runroot", runRoot, "--storage-driver", "overlay"];
  const inNamespace = ["--mount", "--propagation", "private", "buildah", ...storage];
  const env = { BUILDAH_ISOLATION: "chroot", TMPDIR: runRoot };
  return {
    run: (args) => run("unshare", [...inNamespace, ...args], { env }),
    has: async (reference) => {
      const found = await capture("unshare", [...inNamespace, "images", "--format", "{{.Name}}:{{.Tag}}"], { env });
      return found.split("\n").includes(reference);
    },
    close: () => rmSync(runRoot, { recursive: true, force: true }),
  };
}

async function ensureBase(store: Store): Promise<void> {
  if (await store.has(base)) return;
  const folder = join(cacheRoot(), "images", `debian-${debianSuite}`);
  if (!existsSync(folder)) {
    const work = mkdtempSync(`${folder}.`);
    try {
      const include = `--include=${buildPackages.join(",")}`;
      const withoutWords = "--dpkgopt=path-exclude=/usr/share/{doc,man,locale}/*";
      const target = [debianSuite, join(work, "debian.tar")];
      const mmdebstrap = ["mmdebstrap", "--mode=root", "--variant=minbase", include, withoutWords, ...target];
      await run("unshare", ["--mount", "--propagation", "private", ...mmdebstrap]);
      writeFileSync(join(work, "Dockerfile"), "FROM scratch\nADD debian.tar /\n");
      renameSync(work, folder);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  await store.run(["build", "--tag", base, folder]);
}
