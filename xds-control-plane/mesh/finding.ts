/** Something wrong, and where: a path such as `listeners[0].chains[1].tls`. */
export interface Finding {
  readonly at: string;
  readonly problem: string;
}

/** A finding where there is a problem. */
export function finding(at: string, problem: string | undefined): readonly Finding[] {
  return problem === undefined ? [] : [{ at, problem }];
}

/** The findings of each member of a list, with its place before theirs. */
export function each<T>(at: string, list: readonly T[], of: (member: T) => readonly Finding[]): readonly Finding[] {
  return list.flatMap((member, index) => within(`${at}[${index}]`, of(member)));
}

/** Findings with a place before theirs. */
export function within(at: string, findings: readonly Finding[]): readonly Finding[] {
  return findings.map((inner) => ({ at: inner.at === "" ? at : `${at}.${inner.at}`, problem: inner.problem }));
}

/** Names that stand more than once where each must be its own. */
export function repeated(at: string, names: readonly string[]): readonly Finding[] {
  const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  return [...twice].map((name) => ({ at, problem: `"${name}" stands there twice` }));
}
