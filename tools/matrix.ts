import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { type Exceptions, markdownOf, matrixOf, problemsOf, type Report } from "./matrix-table.ts";

const checkout = resolve(import.meta.dirname, "..");
const exceptionsFile = join(checkout, "tools/matrix-exceptions.yaml");
const page = join(checkout, "docs/matrix.md");

const HELP = `usage: node tools/matrix.ts [--check] report.json…

Writes docs/matrix.md from vitest's JSON reports, and fails where a cell is empty or red.
With --check it writes nothing, and fails also where the page is not what the reports say.
`;

/** Gives the exit code. */
function main(argv: readonly string[]): number {
  const files = argv.filter((word) => !word.startsWith("--"));
  if (argv.includes("--help") || files.length === 0) {
    process.stdout.write(HELP);
    return argv.includes("--help") ? 0 : 2;
  }
  const missing = files.filter((file) => !existsSync(file));
  if (missing.length > 0) {
    process.stderr.write(`${missing.join(", ")}: there is no such report; make test-control makes it\n`);
    return 1;
  }
  const reports = files.map((file) => JSON.parse(readFileSync(file, "utf8")) as Report);
  const matrix = matrixOf(reports, parse(readFileSync(exceptionsFile, "utf8")) as Exceptions);
  const problems = [...problemsOf(matrix)];
  const made = markdownOf(matrix);
  if (!argv.includes("--check")) writeFileSync(page, made);
  else if (!existsSync(page) || readFileSync(page, "utf8") !== made)
    problems.push("docs/matrix.md is not what the tests showed: make matrix, and commit it");
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  return problems.length > 0 ? 1 : 0;
}

process.exitCode = main(process.argv.slice(2));
