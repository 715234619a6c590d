import { createPrivateKey, X509Certificate } from "node:crypto";
import type { Root } from "./root-certificate.ts";

/**
 * Whose root all identities end in: ours (`spire.upstream.kind: disk`), or that of an authority of the user's (`cert-manager`,
 * `vault`), which says itself what its roots are.
 */
export type RootOwner = "ours" | "theirs";

/** What ConfigMap `nephele-spire-trust` says. */
export interface TrustRecord {
  readonly trustDomain: string;
  /** Undefined in a record of before it was kept. */
  readonly root: RootOwner | undefined;
}

/** What an installation's trust is found to be, before SPIRE's server starts. */
export interface TrustFacts {
  /** As the chart's values have it. */
  readonly trustDomain: string;
  /** As the chart's values have it. */
  readonly rootOwner: RootOwner;
  /** Undefined where nothing was recorded. */
  readonly recorded: TrustRecord | undefined;
  /** Looked for whoever's root is wanted. */
  readonly root: Partial<Root> | undefined;
  /** Whether SPIRE's server has a volume: then identities were issued. */
  readonly dataExists: boolean;
  readonly now: Date;
}

/** What is written, in this order; a run that ends between two of them is taken up by the next. */
export type TrustWrite = "root" | "bundle" | "record";

export type TrustDecision =
  /** `root` is among them where there was none, `record` where nothing was recorded. */
  | { readonly kind: "write"; readonly writes: readonly TrustWrite[] }
  | { readonly kind: "refuse"; readonly problem: string };

/** Names of what holds an installation's trust, in the release's namespace. Templates of the chart name them too. */
export const trustNames = {
  /** Core Secret with the root's certificate and key. */
  root: "nephele-spire-root",
  /** ConfigMap that says which trust domain it is, and whose root; it is written when the root is there. */
  record: "nephele-spire-trust",
  /** ConfigMap with the certificate that agents believe the server by. */
  bundle: "nephele-spire-bundle",
  /** The claim of the server's volume. */
  volume: "data-nephele-spire-server-0",
} as const;

/** A trust domain never changes, a root is never made anew where there was one, nor exchanged for another: what to do. Pure. */
export function decideTrust(facts: TrustFacts): TrustDecision {
  const { trustDomain, rootOwner, recorded, root, dataExists, now } = facts;
  if (recorded !== undefined && recorded.trustDomain !== trustDomain) {
    return refuse(
      `spire.trustDomain is ${trustDomain}, and this installation's is ${recorded.trustDomain}: it never changes, for every ` +
        `identity that was issued or named in a policy is of it. Set spire.trustDomain back to ${recorded.trustDomain}`,
    );
  }
  const before = ownerBefore(facts);
  if (before !== undefined && before !== rootOwner) return refuse(exchanged[rootOwner]);
  const last: readonly TrustWrite[] = recorded === undefined ? ["bundle", "record"] : ["bundle"];
  if (rootOwner === "theirs") return { kind: "write", writes: last };
  if (root === undefined) {
    if (recorded === undefined && !dataExists) return { kind: "write", writes: ["root", ...last] };
    const orElse =
      before === undefined
        ? ". Where it was never there, because cert-manager or vault signs for this installation, set spire.upstream.kind back to it"
        : "";
    return refuse(
      `core Secret ${trustNames.root} is not there, and identities exist that end in it: put it back from a backup. It is not ` +
        `made anew; ${beginAnew}${orElse}`,
    );
  }
  const problem = problemOf(root, now);
  if (problem !== undefined) return refuse(`core Secret ${trustNames.root} ${problem}: put it back from a backup`);
  return { kind: "write", writes: last };
}

/** Whose root identities end in by now; undefined where none were issued, or a record of before does not tell. */
function ownerBefore({ recorded, root, dataExists }: TrustFacts): RootOwner | undefined {
  if (recorded?.root !== undefined) return recorded.root;
  // Only for a root of ours is there a Secret.
  return root !== undefined && (recorded !== undefined || dataExists) ? "ours" : undefined;
}

const beginAnew = `whoever accepts that all identities end deletes ConfigMap ${trustNames.record} and the claim ${trustNames.volume}`;

/** Why the root of another owner is not taken, by the one that is wanted. */
const exchanged: Readonly<Record<RootOwner, string>> = {
  ours:
    "spire.upstream.kind is disk, and this installation's identities end in a root of cert-manager's or vault's: a root cannot " +
    `be exchanged for another yet. Set spire.upstream.kind back; ${beginAnew}`,
  theirs:
    `spire.upstream.kind is not disk, and this installation's identities end in the root in core Secret ${trustNames.root}: a ` +
    `root cannot be exchanged for another yet. Set spire.upstream.kind back to disk; ${beginAnew}, and that Secret`,
};

function refuse(problem: string): TrustDecision {
  return { kind: "refuse", problem };
}

/** What is wrong with a root; it may be one that a person put there. */
function problemOf({ certificate, key }: Partial<Root>, now: Date): string | undefined {
  if (certificate === undefined || key === undefined) return "has no tls.crt and tls.key";
  let parsed: X509Certificate;
  try {
    parsed = new X509Certificate(certificate);
    if (!parsed.checkPrivateKey(createPrivateKey(key))) return "has a key that is not its certificate's";
  } catch {
    // The cause could quote what it read.
    return "has a certificate or a key that cannot be read";
  }
  if (!parsed.ca) return "has a certificate that is no authority's";
  if (parsed.validToDate < now) return `has a certificate that expired at ${parsed.validToDate.toISOString()}`;
  return undefined;
}
