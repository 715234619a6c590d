import { canUpgrade, knownReleases } from "../releases.ts";

/**
 * The releases whose programs work with the databases' schemas as they are: one, or two while an upgrade is between its
 * expansion and its contraction.
 */
export interface SchemaSpan {
  readonly oldest: string;
  readonly newest: string;
}

export interface ReleaseFacts {
  readonly wanted: string;
  /** Undefined until the schemas were made. */
  readonly span: SchemaSpan | undefined;
}

export type ReleaseDecision =
  /** It cannot be: `problem` says why and what can be. */
  | { readonly kind: "refuse"; readonly problem: string }
  /** The first: the schemas are made. */
  | { readonly kind: "deploy" }
  /** The schemas are this release's alone, or are made so: what is left of an upgrade is contracted. */
  | { readonly kind: "keep" }
  /** The schemas are expanded, so that both serve, and this one takes over from `from`. */
  | { readonly kind: "upgrade"; readonly from: string }
  /** The schemas serve both, and the older takes over again from `from`. */
  | { readonly kind: "rollBack"; readonly from: string };

/** How a Cloud comes to the release that is wanted: what may follow what, and until when there is a way back. Pure. */
export function decideRelease({ wanted, span }: ReleaseFacts): ReleaseDecision {
  const refuse = (problem: string): ReleaseDecision => ({ kind: "refuse", problem });
  if (!knownReleases.includes(wanted)) return refuse(`${wanted} is not known: use one of ${knownReleases.join(", ")}`);
  if (span === undefined) return { kind: "deploy" };
  const { oldest, newest } = span;
  if (oldest !== newest) {
    if (wanted === newest) return { kind: "upgrade", from: oldest };
    if (wanted === oldest) return { kind: "rollBack", from: newest };
    return refuse(`the upgrade from ${oldest} to ${newest} is not ended: set it to ${newest}, or back to ${oldest}`);
  }
  if (wanted === newest) return { kind: "keep" };
  if (canUpgrade(newest, wanted)) return { kind: "upgrade", from: newest };
  const next = knownReleases.filter((release) => canUpgrade(newest, release));
  const ways = [`set it back to ${newest}`, ...next.map((release) => `or to ${release}`)].join(", ");
  if (knownReleases.indexOf(wanted) < knownReleases.indexOf(newest))
    return refuse(`the databases are ${newest}'s and ${wanted} cannot read them any more: ${ways}`);
  return refuse(`OpenStack has no upgrade from ${newest} to ${wanted}: ${ways} first`);
}
