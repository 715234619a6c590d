/**
 * Fails where a CRD takes less than it took: compared with HEAD, and with the commit that this work started from
 * (`--base <commit>`; without it the merge base with origin/main, or on main itself the commit before HEAD).
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { CustomResourceDefinition } from "./crd-types.ts";
import { breakingChanges } from "./schema-comparison.ts";

const ROOT = join(import.meta.dirname, "..");

function git(...args: readonly string[]): string | undefined {
  try {
    return execFileSync("git", args, { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return undefined;
  }
}

function startOfWork(): string | undefined {
  const head = git("rev-parse", "HEAD");
  const shared = git("merge-base", "HEAD", "origin/main");
  return shared === undefined || shared === head ? git("rev-parse", "--verify", "HEAD~1") : shared;
}

const given = process.argv[process.argv.indexOf("--base") + 1];
const chosen = process.argv.includes("--base") ? given : startOfWork();
if (
  process.argv.includes("--base") &&
  (chosen === undefined || git("rev-parse", "--verify", `${chosen}^{commit}`) === undefined)
) {
  throw new Error(`--base ${chosen ?? ""}: no such commit`);
}
const bases = [...new Set([git("rev-parse", "--verify", "HEAD"), chosen])].filter((base) => base !== undefined);

const problems = bases.flatMap((base) => {
  const files = (git("ls-tree", "--name-only", base, "crds/") ?? "")
    .split("\n")
    .filter((file) => file.endsWith(".yaml"));
  return files.flatMap((file) => {
    if (!existsSync(join(ROOT, file))) return [`${file}: the kind was removed`];
    const before = parse(git("show", `${base}:${file}`) ?? "") as CustomResourceDefinition;
    const after = parse(readFileSync(join(ROOT, file), "utf8")) as CustomResourceDefinition;
    return breakingChanges(before, after).map((change) => `${file}: ${change}`);
  });
});

for (const problem of new Set(problems)) process.stderr.write(`${problem}\n`);
if (problems.length > 0) {
  process.stderr.write("The API is additive until v1: keep what there is and add beside it.\n");
  process.exitCode = 1;
}
