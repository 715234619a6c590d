import type { Survived, Undisturbed } from "./run.ts";
import { type Service, serviceNames, services } from "./services.ts";

/** All that one subject went through. */
export interface SubjectResult {
  readonly name: string;
  /** By phase, in their order. */
  readonly phases: ReadonlyMap<string, Undisturbed>;
  readonly survived: readonly Survived[];
}

const HEAD = `# Killed after each write

Written by \`make chaos\`, and for *Cloud, deployed* by \`make chaos-cloud\` (e2e/faults/kills). For each kind, each phase of an object's life and each service: the operator's
n-th write is carried out, its answer is held, the operator gets SIGKILL, the answer is dropped, the operator is started
again. When it has nothing more to do, all that is there (Kubernetes objects, the Keystone domain, the projects' parts of
Barbican) is compared with how the same phase ended when nobody was killed: ids by what they stand for, times and random
values by their being there. *Same* means: no difference, so nothing doubled, nothing missing, nothing orphaned; and after
each deletion nothing is left that was not there before. A number that is not among those killed after is of a write that
the undisturbed life repeated, since a cache was behind, and the life with the kill did not; each write as such was killed after.

The lives of *Cloud, deployed* are on a real node: every pod runs, and a life takes minutes. So the operator is killed after each
write of one life, one kill after another, rather than in a life for each kill ([ADR 0057](../adr/0057-killed-through-a-clouds-life.md));
of several writes that read alike after each, or (\`CHAOS=--once\`) after the first alone.
The rows of a kind are those of its last run that was whole.

Not counted as writes, since they make nothing: renewals of the Lease, Events, logins. How many Servers use a Flavor or an
Image is not compared: it is counted every half minute. Guests and importers are played, as in all of the
local cluster.
`;

const TABLE = [
  "| kind | phase | service | writes | killed after | end |",
  "| --- | --- | --- | --- | --- | --- |",
] as const;
const PROBLEMS = "## Problems";
const WRITES = "## The writes";

/** What the report says of one kind. */
interface Part {
  readonly rows: readonly string[];
  readonly problems: readonly string[];
  readonly writes: readonly string[];
}

/**
 * The report as Markdown; the same results give the same text.
 * @param former the report of before, of which the kinds stay that these results are not of
 * @param order the kinds' names in their order; those that are not among them come last
 */
export function reportText(results: readonly SubjectResult[], former = "", order: readonly string[] = []): string {
  const parts = new Map([
    ...partsOf(former),
    ...results.map((result): [string, Part] => [result.name, partOf(result)]),
  ]);
  const place = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  const sorted = [...parts].sort(([a], [b]) => place(a) - place(b)).map(([name, part]) => ({ name, ...part }));
  const kills = sorted.flatMap(({ rows }) => rows).reduce((sum, row) => sum + killsIn(row), 0);
  const problems = sorted.flatMap((part) => part.problems);
  const lines = [
    ...[HEAD, `${kills} kills, ${kills - problems.length} with the same end.`, ""],
    ...[...TABLE, ...sorted.flatMap(({ rows }) => rows)],
    ...(problems.length === 0 ? [] : ["", PROBLEMS, "", ...problems]),
    ...["", WRITES],
    ...sorted.flatMap(({ name, writes }) => ["", `### ${name}`, "", ...writes]),
  ];
  return `${lines.join("\n")}\n`;
}

function partOf(result: SubjectResult): Part {
  const bad = result.survived.filter(({ problem }) => problem !== undefined);
  return {
    rows: rowsOf(result),
    problems: bad.map((each) => `- ${result.name}: ${survivedText(each).replaceAll("\n", "; ")}`),
    writes: writesOf(result),
  };
}

/** What a report says, by kind. */
function partsOf(text: string): ReadonlyMap<string, Part> {
  const [, table = "", problems = "", writes = ""] =
    new RegExp(`\\| --- \\|\n([^]*?)\n\n(?:${PROBLEMS}\n([^]*?)\n)?${WRITES}\n([^]*)$`).exec(text) ?? [];
  const lines = (of: string, start: string): readonly string[] =>
    of.split("\n").filter((line) => line.startsWith(start));
  return new Map(
    writes.split(/^### /m).flatMap((section): [string, Part][] => {
      const [name = ""] = section.split("\n", 1);
      const part = {
        rows: lines(table, `| ${name} |`),
        problems: lines(problems, `- ${name}: `),
        writes: lines(section, "- "),
      };
      return part.rows.length === 0 ? [] : [[name, part]];
    }),
  );
}

/** How many kills a row of the table is of. */
function killsIn(row: string): number {
  const [, , , , , killed = ""] = row.split("|");
  return [...killed.matchAll(/(\d+)(?:–(\d+))?/g)].reduce(
    (sum, [, from, to]) => sum + Number(to ?? from) - Number(from) + 1,
    0,
  );
}

/** One kill in words. */
export function survivedText({ point, write, problem }: Survived): string {
  return `${point.phase}, ${serviceNames[point.service]} ${point.write} (${write ?? "did not come"}): ${problem ?? "same"}`;
}

/** Whether there was a kill; a problem where there was none is one all the same. */
function hasCome({ write, problem }: Survived): boolean {
  return write !== undefined || problem !== undefined;
}

/** The writes of the undisturbed lives after which nobody was killed, in words. */
export function neverKilledAfter({ phases, survived }: SubjectResult): readonly string[] {
  const missing = [...phases].flatMap(([phase, { writes }]) =>
    services.flatMap((service) => {
      const killed = survived.filter(({ point }) => point.phase === phase && point.service === service);
      const seen = new Set(killed.map(({ write }) => write));
      return writes[service]
        .filter((write) => !seen.has(write))
        .map((write) => `${phase}, ${serviceNames[service]}: ${write}`);
    }),
  );
  return [...new Set(missing)];
}

function rowsOf({ name, phases, survived }: SubjectResult): readonly string[] {
  return [...phases].flatMap(([phase, { writes }]) =>
    services
      .filter((service) => writes[service].length > 0)
      .map((service) => {
        const points = survived
          .filter(({ point }) => point.phase === phase && point.service === service)
          .filter(hasCome);
        const end = points.every(({ problem }) => problem === undefined) ? "same" : "**another**";
        const killed = ranges(points.map(({ point }) => point.write));
        return `| ${name} | ${phase} | ${serviceNames[service]} | ${writes[service].length} | ${killed} | ${points.length === 0 ? "not run" : end} |`;
      }),
  );
}

function writesOf({ phases }: SubjectResult): readonly string[] {
  return [...phases].flatMap(([phase, { writes }]) =>
    services
      .filter((service) => writes[service].length > 0)
      .map((service) => `- ${phase}, ${serviceNames[service]}: ${numbered(writes, service)}`),
  );
}

function numbered(writes: Undisturbed["writes"], service: Service): string {
  return writes[service].map((write, at) => `${at + 1}. \`${write}\``).join(", ");
}

/** 1, 2, 3, 5 as `1–3, 5`. */
export function ranges(numbers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && number === last[1] + 1) last[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(", ") || "–";
}
