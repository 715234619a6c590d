import { isIP } from "node:net";
import type { Image } from "#operator/api/generated/image.ts";
import { isSpecialAddress } from "#operator/special-addresses.ts";

/** The address that an importer is sent to, and the field that says it. */
export interface SourceAddress {
  readonly field: string;
  readonly url: string;
}

/** Undefined where nothing is fetched. */
export function addressOf({ source }: Image["spec"]): SourceAddress | undefined {
  if (source.http !== undefined) return { field: "spec.source.http.url", url: source.http.url };
  if (source.registry !== undefined) return { field: "spec.source.registry.url", url: source.registry.url };
  return undefined;
}

/**
 * The last parts of names that resolve only within a cluster or a house (Kubernetes' DNS, where 10-0-0-1.team-b.pod is that address;
 * RFC 6761, 6762, 8375; ICANN's .internal).
 */
const INNER_DOMAINS = ["svc", "pod", "local", "localhost", "internal", "home.arpa"];

/**
 * Why an importer is not sent to an address; undefined where it is. This looks at what the address says. What a name
 * resolves to the Projects' NetworkPolicies bound.
 * @param allowed `spec.images.sources` of the Cloud
 * @param isNamespace whether the cluster has a namespace of this name: a pod looks for `a.b` as the Service a of b first
 */
export function refusalOf(
  url: string,
  allowed: readonly string[] | undefined,
  isNamespace: (name: string) => boolean,
): string | undefined {
  const address = parse(url);
  if (address === undefined) return `${url} is not an address`;
  if (allowed !== undefined)
    return allowed.some((beginning) => beginsWith(address, beginning))
      ? undefined
      : `${address.scheme}://${address.host}${address.path} is none of the addresses that Images may be imported from`;
  if (isInner(address.name)) return `${address.name} is within private networks`;
  const [last = ""] = address.name.split(".").slice(-1);
  return isIP(address.name) === 0 && isNamespace(last)
    ? `${address.name} may be a Service of the namespace ${last}`
    : undefined;
}

interface Address {
  readonly scheme: string;
  /** With the port, where it is not the scheme's own. */
  readonly host: string;
  /** Without the port. */
  readonly name: string;
  readonly path: string;
}

/** As WHATWG's URL reads it: dots in paths resolved, numbers that are addresses written as such. */
function parse(url: string): Address | undefined {
  const [scheme, rest] = splitOnce(url, "://");
  // A scheme that URL does not know would leave host and path as they are.
  const parsed = URL.parse(`${scheme === "http" ? "http" : "https"}://${rest}`);
  if (parsed === null) return undefined;
  const name = withoutDot(parsed.hostname).replace(/^\[(.*)\]$/, "$1");
  const port = parsed.port === "" ? "" : `:${parsed.port}`;
  return { scheme, host: `${withoutDot(parsed.hostname)}${port}`, name, path: parsed.pathname };
}

function beginsWith(address: Address, beginning: string): boolean {
  const wildcard = beginning.includes("://*.");
  const wanted = parse(beginning.replace("://*.", "://"));
  if (wanted === undefined || wanted.scheme !== address.scheme) return false;
  const host = wildcard ? address.host.endsWith(`.${wanted.host}`) : address.host === wanted.host;
  if (!host || !address.path.startsWith(wanted.path)) return false;
  // Servers differ in what they make of these, so that a path could lead out of the one that is allowed.
  return wanted.path === "/" || !/%2e|%2f|%5c/i.test(address.path);
}

function isInner(name: string): boolean {
  if (isIP(name) !== 0) return isSpecialAddress(name);
  if (!name.includes(".")) return true;
  return INNER_DOMAINS.some((domain) => name.endsWith(`.${domain}`)) || /\.(svc|pod)\./.test(name);
}

function withoutDot(name: string): string {
  return name.replace(/\.$/, "");
}

function splitOnce(text: string, by: string): readonly [string, string] {
  const at = text.indexOf(by);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + by.length)];
}
