import type { Write } from "../proxy.ts";

/** What the operator writes to. */
export const services = ["kubernetes", "keystone", "barbican"] as const;
export type Service = (typeof services)[number];

/** The services' names as people know them. */
export const serviceNames: Readonly<Record<Service, string>> = {
  kubernetes: "API server",
  keystone: "Keystone",
  barbican: "Barbican",
};

/**
 * Mutating requests that make nothing: a Lease's renewal is the same at any moment, an Event tells and does not change,
 * a login and a review of rights only ask.
 */
const MAKES_NOTHING: Readonly<Record<Service, RegExp>> = {
  kubernetes: /^\/apis\/(coordination\.k8s\.io|events\.k8s\.io|authorization\.k8s\.io)\//,
  keystone: /^\/v3\/auth\/tokens/,
  barbican: /^$/,
};

/** Whether a request does not count as a write, for a proxy in front of this service. */
export function isUncounted(service: Service): (method: string, path: string) => boolean {
  return (_method, path) => MAKES_NOTHING[service].test(path);
}

const ID = /[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}/g;

/** A write in words that are the same in each run: `PATCH secrets.nephele.dev/status`, `PUT /v1/secrets/{id}/metadata`. */
export function writeText(service: Service, { method, path }: Pick<Write, "method" | "path">): string {
  const [plain = ""] = path.split("?");
  return `${method} ${service === "kubernetes" ? resourceText(plain) : plain.replaceAll(ID, "{id}")}`;
}

/** `/apis/GROUP/VERSION/namespaces/NS/PLURAL/NAME/SUBRESOURCE` as `PLURAL.GROUP/SUBRESOURCE`. */
function resourceText(path: string): string {
  const parts = path.split("/").slice(1);
  const group = parts[0] === "apis" ? parts[1] : undefined;
  const rest = parts.slice(group === undefined ? 2 : 3);
  // `namespaces/NS` alone is the namespace itself.
  const [plural = "", _name, subresource] = rest[0] === "namespaces" && rest.length > 2 ? rest.slice(2) : rest;
  const resource = group === undefined ? plural : `${plural}.${group}`;
  return subresource === undefined ? resource : `${resource}/${subresource}`;
}
