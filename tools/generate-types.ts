/**
 * Makes <kind>.ts from crds/<kind>.yaml, for the program that serves the kind. `--check` writes nothing and fails where a
 * file is not what it should be.
 */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import type { CustomResourceDefinition } from "./crd-types.ts";
import { typesOf } from "./crd-types.ts";

const ROOT = join(import.meta.dirname, "..");
const SOURCE = join(ROOT, "crds");
/** Kinds that the xDS control plane reads, and not the operator. */
const MESH: readonly string[] = ["accesspolicy", "deniedidentity", "edgepolicy"];

const check = process.argv.includes("--check");
const stale: string[] = [];

const sources = (await readdir(SOURCE)).filter((file) => file.endsWith(".yaml")).sort();
for (const source of sources) {
  const crd = parse(await readFile(join(SOURCE, source), "utf8")) as CustomResourceDefinition;
  const kind = source.replace(/\.yaml$/, "");
  const path = join(
    MESH.includes(kind) ? "xds-control-plane/cluster-view/generated" : "operator/api/generated",
    `${kind}.ts`,
  );
  const target = join(ROOT, path);
  const wanted = await typesOf(crd, `crds/${source}`);
  const found = await readFile(target, "utf8").catch(() => "");
  if (found === wanted) continue;
  if (check) stale.push(path);
  else {
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, wanted);
  }
}

if (stale.length > 0) {
  process.stderr.write(`not what the CRDs say: ${stale.join(", ")}\nrun: node tools/generate-types.ts\n`);
  process.exitCode = 1;
}
