/** A workload's identity, `spiffe://<trust domain>/<path>`. Made by {@link spiffeId} alone. */
export type SpiffeId = string & { readonly brand: "SpiffeId" };

const trustDomain = /^[a-z0-9._-]{1,255}$/;
const segment = /^[a-zA-Z0-9._-]+$/;

/** What is wrong with the text of an identity; undefined where nothing is. The rules are those of the SPIFFE ID standard. */
export function spiffeIdProblem(text: string): string | undefined {
  if (!text.startsWith("spiffe://")) return `"${text}" does not begin with spiffe://`;
  if (text.length > 2048) return "a SPIFFE ID has at most 2048 characters";
  const [domain = "", ...path] = text.slice("spiffe://".length).split("/");
  if (!trustDomain.test(domain)) return `"${domain}" is no trust domain: lower-case letters, digits, ".", "-", "_"`;
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

/** The trust domain's own ID, under which the SPIRE agent gives the domain's bundle. */
export function trustDomainId(id: SpiffeId): string {
  return id.split("/").slice(0, 3).join("/");
}
