/** What came out of a run of tempest. */
export interface Results {
  readonly passed: number;
  /** With tempest's own reason. */
  readonly skipped: readonly { readonly test: string; readonly reason: string }[];
  readonly failed: readonly string[];
}

/**
 * One line of tempest's output, as stestr's subunit_trace writes it: `{0} tempest.api.…test_x [0.123s] ... ok`. What is skipped
 * took no time and has a reason. A class that cannot be set up, or is skipped whole, has one line: `setUpClass (…)`.
 */
const LINE = /^\{\d+\} (.+?)(?: \[[\d.]+s\])? \.\.\. (ok|FAILED|SKIPPED)(?:: (.*))?$/;

/** Reads the output of `tempest run`. Tests are named without their ids and attributes. */
export function resultsIn(output: string): Results {
  let passed = 0;
  const skipped: { test: string; reason: string }[] = [];
  const failed: string[] = [];
  for (const line of output.split("\n")) {
    const [, name = "", end, reason = ""] = LINE.exec(line) ?? [];
    const test = name.replace(/\[.*\]$/, "");
    if (end === "ok") passed += 1;
    else if (end === "FAILED") failed.push(test);
    else if (end === "SKIPPED") skipped.push({ test, reason });
  }
  return { passed, skipped, failed };
}
