import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "#e2e/cluster/files.ts";
import { checkout } from "#e2e/cluster/location.ts";
import { nodeSubjects } from "./on-the-node/subjects.ts";
import { reportText, type SubjectResult } from "./report.ts";
import { subjects } from "./subjects/subjects.ts";

const REPORT = join(checkout, "docs/reports/kills.md");

/** Writes what these kinds went through into docs/reports/kills.md, and leaves there what it says of others. */
export function updateReport(results: readonly SubjectResult[]): void {
  const former = existsSync(REPORT) ? readFileSync(REPORT, "utf8") : "";
  const order = [...subjects, ...nodeSubjects].map(({ name }) => name);
  writeWhole(REPORT, reportText(results, former, order), 0o644);
}
