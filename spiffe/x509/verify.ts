import type { X509Certificate } from "node:crypto";
import { type SpiffeId, spiffeId, spiffeIdProblem, trustDomainOf } from "../spiffe-id.ts";
import type { X509Bundles } from "./bundle.ts";
import { type Extensions, extensionsOf } from "./extensions.ts";

/** Why a certificate is not believed. The message says it to a person and holds nothing secret. */
export class UntrustedSvid extends Error {
  override readonly name = "UntrustedSvid";
}

/** The longest chain that is followed: more would be work that a stranger may give us. */
const longestChain = 5;

/**
 * Whose certificate this is: the standard's validation of a leaf (X509-SVID, 5), by the bundle of its own trust domain
 * alone, so that no trust domain can name another's workloads. `chain` is the leaf and what its holder sent with it.
 *
 * @throws UntrustedSvid for each that is not wholly right.
 */
export function verifySvid(chain: readonly X509Certificate[], bundles: X509Bundles, now: Date): SpiffeId {
  const [leaf, ...sent] = chain;
  if (leaf === undefined) throw new UntrustedSvid("no certificate was shown");
  if (chain.length > longestChain) throw new UntrustedSvid(`${chain.length} certificates were shown`);
  const { id, roots } = validLeaf(leaf, bundles, now);
  if (!isIssued(leaf, 0, sent, roots, now)) {
    throw new UntrustedSvid(`${id}: no authority in the bundle of its trust domain issued it`);
  }
  return id;
}

/**
 * The same of a leaf whose way to a root TLS has judged already, by all bundles together: it counts where there is one bundle
 * alone, for that is then the one of the leaf's own trust domain.
 *
 * @throws UntrustedSvid for each that is not wholly right.
 */
export function verifyJudgedLeaf(leaf: X509Certificate, bundles: X509Bundles, now: Date): SpiffeId {
  const { id, roots } = validLeaf(leaf, bundles, now);
  // Without a root of ours TLS would have judged by the system's.
  if (bundles.size !== 1 || roots.length === 0)
    throw new UntrustedSvid(`${id}: no authority in the bundle of its trust domain issued it`);
  return id;
}

function validLeaf(
  leaf: X509Certificate,
  bundles: X509Bundles,
  now: Date,
): { readonly id: SpiffeId; readonly roots: readonly X509Certificate[] } {
  const id = idOf(leaf);
  const roots = bundles.get(trustDomainOf(id));
  if (roots === undefined) throw new UntrustedSvid(`${id}: its trust domain is not trusted here`);
  if (!isValidAt(leaf, now)) {
    throw new UntrustedSvid(`${id}: valid from ${leaf.validFrom} to ${leaf.validTo}, now is ${now.toISOString()}`);
  }
  return { id, roots };
}

/** The one URI of a leaf that is what the standard asks of it. */
function idOf(leaf: X509Certificate): SpiffeId {
  const said = read(leaf);
  const [uri, ...more] = said.uris;
  if (uri === undefined) throw new UntrustedSvid("the certificate names no SPIFFE ID");
  if (more.length > 0)
    throw new UntrustedSvid(`the certificate names ${said.uris.length} URIs: ${said.uris.join(", ")}`);
  const problem = spiffeIdProblem(uri) ?? leafProblem(said);
  if (problem !== undefined) throw new UntrustedSvid(`${uri}: ${problem}`);
  return spiffeId(uri);
}

function leafProblem({ isAuthority, keyUsage, isForTls, notUnderstood }: Extensions): string | undefined {
  if (isAuthority) return "it is an authority's certificate, not a workload's";
  if (keyUsage === undefined) return "it does not say what its key may do";
  if (!keyUsage.signs) return "its key may not sign";
  if (keyUsage.signsCertificates || keyUsage.signsCrls) return "its key may sign as an authority";
  if (isForTls === false) return "it is not for both ends of TLS";
  if (notUnderstood.length > 0) return `it has extensions that are not understood here: ${notUnderstood.join(", ")}`;
  return undefined;
}

/** Whether a way leads from a certificate to a root. `below` counts the authorities already on it. */
function isIssued(
  certificate: X509Certificate,
  below: number,
  sent: readonly X509Certificate[],
  roots: readonly X509Certificate[],
  now: Date,
): boolean {
  const may = (issuer: X509Certificate): boolean => isIssuerOf(certificate, issuer, below, now);
  if (roots.some(may)) return true;
  return sent.some(
    (each) =>
      may(each) &&
      isIssued(
        each,
        below + 1,
        sent.filter((other) => other !== each),
        roots,
        now,
      ),
  );
}

function isIssuerOf(certificate: X509Certificate, issuer: X509Certificate, below: number, now: Date): boolean {
  if (!certificate.checkIssued(issuer) || !isValidAt(issuer, now)) return false;
  const { isAuthority, pathLength, keyUsage, notUnderstood } = read(issuer);
  if (!isAuthority || notUnderstood.length > 0) return false;
  if (keyUsage !== undefined && !keyUsage.signsCertificates) return false;
  if (pathLength !== undefined && below > pathLength) return false;
  return certificate.verify(issuer.publicKey);
}

function isValidAt(certificate: X509Certificate, now: Date): boolean {
  return certificate.validFromDate <= now && now <= certificate.validToDate;
}

function read(certificate: X509Certificate): Extensions {
  try {
    return extensionsOf(certificate);
  } catch (error) {
    throw new UntrustedSvid("a certificate was shown that cannot be read", { cause: error });
  }
}
