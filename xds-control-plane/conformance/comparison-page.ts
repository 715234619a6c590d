import { knownMisses } from "./known-misses.ts";
import { cases } from "./obligations.ts";
import { modeName, type Outcome } from "./run.ts";

/** What the suite showed of one control plane. */
export interface Column {
  readonly title: string;
  readonly outcomes: readonly Outcome[];
}

/** The page of what the conformance suite showed, as Markdown. */
export function comparisonPage(columns: readonly Column[]): string {
  const rows = [
    ["", "case", ...columns.map(({ title }) => title)],
    ["--:", "---", ...columns.map(() => "---")],
    ...cases.map(({ obligation, title }) => [`${obligation}`, title, ...columns.map((each) => cell(each, title))]),
  ];
  const counts = columns.map(({ title, outcomes }) => {
    const missed = outcomes.filter(({ miss }) => miss !== undefined).length;
    return `- ${title}: ${outcomes.length - missed} of ${outcomes.length} hold`;
  });
  return `# xDS conformance: Nephele and go-control-plane

Made by \`make xds-conformance\`; \`make test-xds\` fails when it is not what its run showed. The cases are those of
\`xds-control-plane/conformance/\`, by a client at the level of messages; each control plane, started anew for each case,
serves what the case says. Modes: State-of-the-World (SotW) or delta; aggregated (ADS) or a stream a type.

${counts.join("\n")}

A cell names the modes in which the case fails; \`all hold\` stands for every mode that the case is for.

${rows.map((cells) => `| ${cells.join(" | ")} |`).join("\n")}

## Why go-control-plane misses what it misses

${knownMisses.map(({ obligation, title, why }) => `- **${obligation}, ${title}**: ${why}.`).join("\n")}

It is v0.14.0 (\`e2e/tools/go-control-plane\`), used as it comes off best here: a type of the SnapshotCache gets a new version
only when it changed; the LinearCaches are changed type by type, removals last; its server orders what it sends
(WithOrderedADS); the control plane's name is put into responses by a callback, for the library does not. The
SnapshotCache's mode for aggregated streams is off: with it a State-of-the-World client that does not name all there is gets
no answer, and more cases fail. Load reports, client status and TTLs are no part of the comparison.
`;
}

function cell({ outcomes }: Column, title: string): string {
  const missed = outcomes.filter((each) => each.case.title === title && each.miss !== undefined);
  return missed.length === 0 ? "all hold" : `fails: ${missed.map(({ mode }) => modeName(mode)).join(", ")}`;
}
