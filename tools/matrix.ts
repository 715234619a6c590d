import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { type Exceptions, markdownOf, matrixOf, problemsOf, type Report } from "./matrix-table.ts";

const checkout = resolve(import.meta.dirname, "..");
const exceptionsFile = join(checkout, "tools/matrix-exceptions.yaml");
const page = join(checkout, "docs/matrix.md");

const HELP = `usage: node tools/matrix.ts [--check] [report.json …]

Writes docs/matrix.md from vitest's JSON reports (default: .cache/reports/*.json).
With --check it writes nothing and fails where a cell is empty or red.
`;

/** Gives the exit code. */
function main(argv: readonly string[]): number {
  if (argv.includes("--help")) {
    process.stdout.write(HELP);
    return 0;
  }
  const check = argv.includes("--check");
  const named = argv.filter((word) => !word.startsWith("--"));
  const files = named.length > 0 ? named : globSync(join(checkout, ".cache/reports/*.json"));
  if (files.length === 0) {
    process.stderr.write("there is no report to make the matrix from: make test\n");
    return 1;
  }
  const reports = files.map((file) => JSON.parse(readFileSync(file, "utf8")) as Report);
  const exceptions = (existsSync(exceptionsFile) ? parse(readFileSync(exceptionsFile, "utf8")) : {}) as Exceptions;
  const matrix = matrixOf(reports, exceptions ?? {});
  if (!check) writeFileSync(page, markdownOf(matrix));
  const problems = problemsOf(matrix);
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  return check && problems.length > 0 ? 1 : 0;
}

process.exitCode = main(process.argv.slice(2));
