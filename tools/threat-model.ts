/** A row of docs/threat-model.md. */
export interface Threat {
  /** Its number, as `K1`. */
  readonly id: string;
  /** A letter of STRIDE. */
  readonly kind: string;
  /** The five digits of DREAD, and the sum as the page says it. */
  readonly dread: readonly number[];
  readonly sum: number;
  /** The tests that show that it is stopped; none where it is open. */
  readonly shownBy: readonly { readonly path: string; readonly title: string }[];
  readonly isOpen: boolean;
}

const row =
  /^\| *(?<id>[A-Z]\d+) *\| *(?<kind>[A-Z]) *\|[^|]*\| *(?<dread>\d \d \d \d \d) = (?<sum>\d+) *\|[^|]*\| *(?<shown>[^|]*?) *\|$/gm;
const proof = /`(?<path>[^`]+)` "(?<title>[^"]+)"/g;
const anyRow = /^\| *(?<id>[A-Z]\d+) *\|/gm;

/** The threats of a page, in its order. */
export function threatsOf(page: string): readonly Threat[] {
  return [...page.matchAll(row)].map(({ groups: { id = "", kind = "", dread = "", sum = "", shown = "" } = {} }) => ({
    id,
    kind,
    dread: dread.split(" ").map(Number),
    sum: Number(sum),
    shownBy: [...shown.matchAll(proof)].map(({ groups: { path = "", title = "" } = {} }) => ({ path, title })),
    isOpen: shown === "open",
  }));
}

/** What is wrong with a page, a sentence each; `textOf` reads a file of the repository. */
export function faultsOf(page: string, textOf: (path: string) => string | undefined): readonly string[] {
  const threats = threatsOf(page);
  const [modelPart = "", openPart = ""] = page.split("\n## What is open\n");
  const listed = new Set([...openPart.matchAll(anyRow)].map(({ groups }) => groups?.["id"] ?? ""));
  const seen = new Set<string>();
  const rows = [...modelPart.matchAll(anyRow)].map(({ groups }) => groups?.["id"] ?? "");
  const unread = rows.filter((id) => !threats.some((threat) => threat.id === id));
  return [
    ...unread.map((id) => `${id}: has not the form of a threat`),
    ...threats.flatMap((threat) => {
      const faults = [...ratingFaults(threat), ...proofFaults(threat, textOf)];
      if (seen.has(threat.id)) faults.push("stands twice");
      seen.add(threat.id);
      if (threat.isOpen && !listed.has(threat.id)) faults.push("is open, and does not stand under What is open");
      if (!threat.isOpen && listed.has(threat.id)) faults.push("is listed as open, and is not");
      return faults.map((fault) => `${threat.id}: ${fault}`);
    }),
  ];
}

function ratingFaults({ kind, dread, sum }: Threat): string[] {
  const right = dread.reduce((total, digit) => total + digit, 0);
  return [
    ...("STRIDE".includes(kind) ? [] : [`${kind} is no letter of STRIDE`]),
    ...(dread.every((digit) => digit <= 3) ? [] : [`${dread.join(" ")} has a digit over 3`]),
    ...(right === sum ? [] : [`${dread.join(" ")} is ${right}, not ${sum}`]),
  ];
}

function proofFaults({ shownBy, isOpen }: Threat, textOf: (path: string) => string | undefined): string[] {
  if (shownBy.length === 0) return isOpen ? [] : ['neither a test nor "open" shows it'];
  return shownBy.flatMap(({ path, title }) => {
    const text = textOf(path);
    if (text === undefined) return [`${path} is not there`];
    return text.includes(title) ? [] : [`${path} has no test "${title}"`];
  });
}
