/**
 * Writes the table of values in charts/nephele/README.md from values.schema.json and values.yaml. `--check` writes nothing
 * and fails where the table is not what it should be.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { valuesTable } from "./chart-values.ts";
import type { Schema } from "./crd-types.ts";

const CHART = join(import.meta.dirname, "../charts/nephele");
const README = join(CHART, "README.md");
const TABLE = /(<!-- values, by tools\/generate-chart\.ts -->)[\s\S]*?(<!-- end of values -->)/;

const schema = JSON.parse(readFileSync(join(CHART, "values.schema.json"), "utf8")) as Schema;
const defaults = parse(readFileSync(join(CHART, "values.yaml"), "utf8")) as Record<string, unknown>;
const readme = readFileSync(README, "utf8");
if (!TABLE.test(readme)) throw new Error("charts/nephele/README.md has no place for the table of values");
const table = valuesTable(schema, defaults);
const wanted = readme.replace(TABLE, (_whole, before: string, after: string) => `${before}\n\n${table}\n\n${after}`);

if (readme !== wanted && process.argv.includes("--check")) {
  process.stderr.write("not what its sources say: charts/nephele/README.md\nrun: node tools/generate-chart.ts\n");
  process.exitCode = 1;
} else if (readme !== wanted) {
  writeFileSync(README, wanted);
}
