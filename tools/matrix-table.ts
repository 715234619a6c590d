/** The kinds, as a person writes them. */
export const KINDS = ["Cloud", "Project", "Flavor", "Image", "Secret", "Server", "RemoteConsole"] as const;
export type Kind = (typeof KINDS)[number];

/** What every kind is tried in. */
export const SCENARIOS = [
  "create-minimal",
  "create-full",
  "update",
  "import-or-adopt",
  "dependency-missing",
  "dependency-deleted",
  "conflict",
  "external-deletion",
  "service-down",
  "delete",
  "retain",
  "paused",
  "disabled",
] as const;
export type Scenario = (typeof SCENARIOS)[number];

/** A test of vitest's JSON report. */
export interface TestResult {
  readonly ancestorTitles: readonly string[];
  readonly title: string;
  readonly status: string;
}

export interface Report {
  readonly testResults: readonly { readonly assertionResults: readonly TestResult[] }[];
}

/** Why a kind has no such scenario: a sentence by kind and scenario. */
export type Exceptions = Readonly<Partial<Record<Kind, Readonly<Partial<Record<Scenario, string>>>>>>;

export type Cell =
  | { readonly kind: "shown"; readonly tests: number }
  | { readonly kind: "failed"; readonly tests: readonly string[] }
  | { readonly kind: "cannot be"; readonly because: string }
  | { readonly kind: "empty" };

export type Matrix = Readonly<Record<Kind, Readonly<Record<Scenario, Cell>>>>;

/** Words that authors use for the same scenario. */
const ALIASES: Readonly<Record<string, Scenario>> = { import: "import-or-adopt", adopt: "import-or-adopt" };

/** Every cell of kinds × scenarios, from the reports' tests named `<kind> > <scenario>[, <scenario>]: …`. */
export function matrixOf(reports: readonly Report[], exceptions: Exceptions): Matrix {
  const tests = reports.flatMap(({ testResults }) => testResults.flatMap(({ assertionResults }) => assertionResults));
  const placed = tests.flatMap((test) => placesOf(test).map((place) => ({ test, place })));
  const cell = (kind: Kind, scenario: Scenario): Cell => {
    const here = placed.flatMap(({ test, place }) =>
      place.kind === kind && place.scenario === scenario ? [test] : [],
    );
    const failed = here.filter(({ status }) => status !== "passed");
    if (failed.length > 0) return { kind: "failed", tests: failed.map(({ title }) => title) };
    if (here.length > 0) return { kind: "shown", tests: here.length };
    const because = exceptions[kind]?.[scenario];
    return because === undefined ? { kind: "empty" } : { kind: "cannot be", because };
  };
  const row = (kind: Kind) => Object.fromEntries(SCENARIOS.map((scenario) => [scenario, cell(kind, scenario)]));
  return Object.fromEntries(KINDS.map((kind) => [kind, row(kind)])) as unknown as Matrix;
}

/** The cells that a test's name puts it in: a group or title that begins with the kind, then one with the scenarios. */
export function placesOf(test: TestResult): readonly { readonly kind: Kind; readonly scenario: Scenario }[] {
  const words = [...test.ancestorTitles, test.title].flatMap((title) => title.split(/: | > /));
  const kind = KINDS.find((name) => name.toLowerCase() === words[0]?.trim().toLowerCase());
  if (kind === undefined) return [];
  for (const word of words.slice(1)) {
    const scenarios = word.split(",").map(scenarioOf);
    if (scenarios.every((scenario) => scenario !== undefined)) return scenarios.map((scenario) => ({ kind, scenario }));
  }
  return [];
}

function scenarioOf(word: string): Scenario | undefined {
  const name = word.trim().toLowerCase().replaceAll(/[ /]/g, "-");
  return ALIASES[name] ?? SCENARIOS.find((known) => known === name || name === known.replace("-or-", "-"));
}

/** What keeps the matrix from being complete; empty where nothing does. */
export function problemsOf(matrix: Matrix): readonly string[] {
  return KINDS.flatMap((kind) =>
    SCENARIOS.flatMap((scenario) => {
      const cell = matrix[kind][scenario];
      if (cell.kind === "empty") {
        return [`${kind} has no passing test of ${scenario}, and tools/matrix-exceptions.yaml does not say why not`];
      }
      return cell.kind === "failed" ? [`${kind} fails ${scenario}: ${cell.tests.join("; ")}`] : [];
    }),
  );
}

/** The page. */
export function markdownOf(matrix: Matrix): string {
  const notes: string[] = [];
  const text = (cell: Cell, where: string): string => {
    switch (cell.kind) {
      case "shown":
        return String(cell.tests);
      case "failed":
        return "**fails**";
      case "empty":
        return "**empty**";
      case "cannot be":
        notes.push(`${where}: ${cell.because}`);
        return `— [${notes.length}]`;
    }
  };
  const rows = SCENARIOS.map((scenario) => {
    const cells = KINDS.map((kind) => text(matrix[kind][scenario], `${kind}, ${scenario}`));
    return `| ${scenario} | ${cells.join(" | ")} |`;
  });
  return [
    "# Kinds and scenarios",
    "Made by `make matrix` from the results of the tests. A number counts the tests that pass, all against real parts.",
    "",
    `| | ${KINDS.join(" | ")} |`,
    `|---|${KINDS.map(() => "---|").join("")}`,
    ...rows,
    "",
    ...notes.map((note, at) => `${at + 1}. ${note}`),
    "",
  ].join("\n");
}
