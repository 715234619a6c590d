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

Written by \`make chaos\` (e2e/faults/kills). For each kind, each phase of an object's life and each service: the operator's
n-th write is carried out, its answer is held, the operator gets SIGKILL, the answer is dropped, the operator is started
again. When it has nothing more to do, all that is there (Kubernetes objects, the Keystone domain, the projects' parts of
Barbican) is compared with how the same phase ended when nobody was killed: ids by what they stand for, times and random
values by their being there. *Same* means: no difference, so nothing doubled, nothing missing, nothing orphaned; and after
each deletion nothing is left that was not there before. A number that is not among those killed after is of a write that
the undisturbed life repeated, since a cache was behind, and the life with the kill did not; each write as such was killed after.

Not counted as writes, since they make nothing: renewals of the Lease, Events, logins. How many Servers use a Flavor or an
Image is not compared: it is counted every half minute. Guests and importers are played, as in all of the local cluster.
`;

/** The report as Markdown; the same results give the same text. */
export function reportText(results: readonly SubjectResult[]): string {
  const points = results.flatMap(({ survived }) => survived).filter(hasCome);
  const bad = points.filter(({ problem }) => problem !== undefined);
  const sum = `${points.length} kills, ${points.length - bad.length} with the same end.`;
  const rows = results.flatMap(rowsOf);
  const table = [
    "| kind | phase | service | writes | killed after | end |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rows,
  ];
  const problems = bad.map((each) => `- ${survivedText(each)}`);
  const parts = [HEAD, sum, "", ...table, ...(problems.length === 0 ? [] : ["", "## Problems", "", ...problems])];
  return `${[...parts, "", "## The writes", ...results.flatMap(writesOf)].join("\n")}\n`;
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

function writesOf({ name, phases }: SubjectResult): readonly string[] {
  const lists = [...phases].flatMap(([phase, { writes }]) =>
    services
      .filter((service) => writes[service].length > 0)
      .map((service) => `- ${phase}, ${serviceNames[service]}: ${numbered(writes, service)}`),
  );
  return ["", `### ${name}`, "", ...lists];
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
