import type { Finding } from "./files.ts";

/** The places where a canary belongs. */
export interface Expected {
  readonly canary: string;
  readonly place: string;
}

/** What is wrong with a search: canaries out of their place, and expected ones that were not found. */
export interface Verdict {
  /** Must be empty: each line says which canary was found, where and in which form. */
  readonly leaks: readonly string[];
  /** Must be empty: where a planted positive is not found, the search itself is broken. */
  readonly missed: readonly string[];
}

export function judge(findings: readonly Finding[], expected: readonly Expected[]): Verdict {
  const fits = (finding: Finding, { canary, place }: Expected): boolean =>
    finding.canary === canary && finding.place === place;
  return {
    leaks: findings
      .filter((finding) => !expected.some((place) => fits(finding, place)))
      .map(({ canary, place, form }) => `${canary} stands in ${place} (${form})`),
    missed: expected
      .filter((place) => !findings.some((finding) => fits(finding, place)))
      .map(({ canary, place }) => `${canary} was not found in ${place}`),
  };
}
