/** A workload's identity, `spiffe://<trust domain>/<path>`. Made by {@link spiffeId} alone. */
export type SpiffeId = string & { readonly brand: "SpiffeId" };

/** The name of a trust domain, as `cloud.example`. Made by {@link trustDomain} alone. */
export type TrustDomain = string & { readonly brand: "TrustDomain" };

const scheme = "spiffe://";
const domainName = /^[a-z0-9._-]{1,255}$/;
const segment = /^[a-zA-Z0-9._-]+$/;
const longest = 2048;

/** What is wrong with the text of an identity; undefined where nothing is. The rules are those of the SPIFFE ID standard. */
export function spiffeIdProblem(text: string): string | undefined {
  if (!text.startsWith(scheme)) return `"${text}" does not begin with ${scheme}`;
  if (text.length > longest) return `a SPIFFE ID has at most ${longest} characters`;
  const [domain = "", ...path] = text.slice(scheme.length).split("/");
  if (!domainName.test(domain)) return `"${domain}" is no trust domain: lower-case letters, digits, ".", "-", "_"`;
  if (path.length === 0) return `"${text}" names a trust domain and no workload in it`;
  const bad = path.find((each) => !segment.test(each) || each === "." || each === "..");
  return bad === undefined ? undefined : `"${bad}" is no part of a SPIFFE ID's path`;
}

/** @throws TypeError for what is no SPIFFE ID of a workload. */
export function spiffeId(text: string): SpiffeId {
  const problem = spiffeIdProblem(text);
  if (problem !== undefined) throw new TypeError(problem);
  return text as SpiffeId;
}

/**
 * A trust domain by its name or by its ID (`spiffe://cloud.example`).
 *
 * @throws TypeError for what is neither.
 */
export function trustDomain(text: string): TrustDomain {
  const name = text.startsWith(scheme) ? text.slice(scheme.length) : text;
  if (!domainName.test(name)) {
    throw new TypeError(`"${text}" is no trust domain: lower-case letters, digits, ".", "-", "_"`);
  }
  return name as TrustDomain;
}

export function trustDomainOf(id: SpiffeId): TrustDomain {
  return id.slice(scheme.length, id.indexOf("/", scheme.length)) as TrustDomain;
}

/** The trust domain's own ID, under which the SPIRE agent gives the domain's bundle. */
export function trustDomainId(id: SpiffeId): string {
  return scheme + trustDomainOf(id);
}
