/**
 * Makes operator/api/generated/<kind>.ts from crds/<kind>.yaml. `--check` writes nothing and fails where a file is not
 * what it should be.
 */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import type { CustomResourceDefinition } from "./crd-types.ts";
import { typesOf } from "./crd-types.ts";

const ROOT = join(import.meta.dirname, "..");
const SOURCE = join(ROOT, "crds");
const TARGET = join(ROOT, "operator/api/generated");

const check = process.argv.includes("--check");
const stale: string[] = [];
await mkdir(TARGET, { recursive: true });

const sources = (await readdir(SOURCE)).filter((file) => file.endsWith(".yaml")).sort();
for (const source of sources) {
  const crd = parse(await readFile(join(SOURCE, source), "utf8")) as CustomResourceDefinition;
  const target = join(TARGET, source.replace(/\.yaml$/, ".ts"));
  const wanted = await typesOf(crd, `crds/${source}`);
  const found = await readFile(target, "utf8").catch(() => "");
  if (found === wanted) continue;
  if (check) stale.push(`operator/api/generated/${source.replace(/\.yaml$/, ".ts")}`);
  else await writeFile(target, wanted);
}

if (stale.length > 0) {
  process.stderr.write(`not what the CRDs say: ${stale.join(", ")}\nrun: node tools/generate-types.ts\n`);
  process.exitCode = 1;
}
