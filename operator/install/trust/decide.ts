import { createPrivateKey, X509Certificate } from "node:crypto";
import type { Root } from "./root-certificate.ts";

/** What an installation's trust is found to be, before SPIRE's server starts. */
export interface TrustFacts {
  /** As the chart's values have it. */
  readonly trustDomain: string;
  /** Whether SPIRE signs by a root of ours; else an authority of the user's does. */
  readonly needsRoot: boolean;
  /** The trust domain that was recorded; undefined where nothing was. */
  readonly recorded: string | undefined;
  readonly root: Partial<Root> | undefined;
  /** Whether SPIRE's server has a volume: then identities were issued. */
  readonly dataExists: boolean;
  readonly now: Date;
}

export type TrustDecision =
  | { readonly kind: "make" }
  /** All is there that is needed; it is recorded if it was not. */
  | { readonly kind: "keep"; readonly record: boolean }
  | { readonly kind: "refuse"; readonly problem: string };

/** Names of what holds an installation's trust, in the release's namespace. Templates of the chart name them too. */
export const trustNames = {
  /** Core Secret with the root's certificate and key. */
  root: "nephele-spire-root",
  /** ConfigMap that says which trust domain it is, and that its root was made. */
  record: "nephele-spire-trust",
  /** ConfigMap with the certificate that agents believe the server by. */
  bundle: "nephele-spire-bundle",
  /** The claim of the server's volume. */
  volume: "data-nephele-spire-server-0",
} as const;

/** A trust domain never changes, and a root is never made anew where there was one: what to do. Pure. */
export function decideTrust(facts: TrustFacts): TrustDecision {
  const { trustDomain, needsRoot, recorded, root, dataExists, now } = facts;
  if (recorded !== undefined && recorded !== trustDomain) {
    return refuse(
      `spire.trustDomain is ${trustDomain}, and this installation's is ${recorded}: it never changes, for every identity ` +
        `that was issued or named in a policy is of it. Set spire.trustDomain back to ${recorded}`,
    );
  }
  if (!needsRoot) return { kind: "keep", record: recorded === undefined };
  if (root === undefined) {
    if (recorded === undefined && !dataExists) return { kind: "make" };
    return refuse(
      `core Secret ${trustNames.root} is gone, and identities exist that end in it: put it back from a backup. It is not ` +
        `made anew; whoever accepts that all identities end deletes ConfigMap ${trustNames.record} and the claim ${trustNames.volume}`,
    );
  }
  const problem = problemOf(root, now);
  if (problem !== undefined) return refuse(`core Secret ${trustNames.root} ${problem}: put it back from a backup`);
  return { kind: "keep", record: recorded === undefined };
}

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
