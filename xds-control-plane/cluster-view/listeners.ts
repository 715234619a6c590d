import type { NewCondition } from "#runtime/api/conditions.ts";
import { isObjectName } from "#runtime/api/object.ts";
import type { Certificate } from "../mesh/mesh.ts";
import { type GatewayProxies, probePort } from "./gateway-proxies.ts";
import { isGranted } from "./grants.ts";
import type { Gateway, GatewayListener, SecretRef } from "./kinds.ts";
import type { ClusterObjects } from "./objects.ts";

const group = "gateway.networking.k8s.io";

/** The kinds of routes that a listener's protocol takes. */
const routeKinds: Readonly<Record<string, readonly string[]>> = {
  HTTP: ["HTTPRoute", "GRPCRoute"],
  HTTPS: ["HTTPRoute", "GRPCRoute"],
  TLS: ["TLSRoute"],
};

/** A listener of a Gateway as it was read. */
export interface ReadListener {
  readonly spec: GatewayListener;
  /** Kinds of routes that may attach. */
  readonly kinds: readonly string[];
  readonly certificates: readonly Certificate[];
  /** Whether routes can attach, and whether it is configured. */
  readonly isAccepted: boolean;
  readonly isProgrammed: boolean;
  readonly conditions: readonly NewCondition[];
}

/** What a Gateway's listeners come to: protocols, conflicts among them, certificates. */
export function readListeners(gateway: Gateway, objects: ClusterObjects, run: GatewayProxies): readonly ReadListener[] {
  const all = gateway.spec?.listeners ?? [];
  return all.map((spec) => {
    const taken = run === "deployed" && spec.port === probePort;
    return readListener(spec, taken, all, gateway, objects);
  });
}

function readListener(
  spec: GatewayListener,
  isTaken: boolean,
  all: readonly GatewayListener[],
  gateway: Gateway,
  objects: ClusterObjects,
): ReadListener {
  const possible = routeKinds[spec.protocol] ?? [];
  const asked = spec.allowedRoutes?.kinds;
  const kinds =
    asked === undefined || asked.length === 0
      ? possible
      : possible.filter((kind) => asked.some((each) => each.kind === kind && (each.group ?? group) === group));
  const unsupported = unsupportedProtocol(spec);
  const conflict = conflictOf(spec, all);
  const { certificates, problem } = certificatesOf(spec, gateway, objects);
  const invalidKinds = asked?.some((each) => !possible.includes(each.kind) || (each.group ?? group) !== group) === true;
  const isAccepted = unsupported === undefined && conflict === undefined && !isTaken;
  const refs = invalidKinds
    ? { reason: "InvalidRouteKinds", message: `a listener of ${spec.protocol} takes ${possible.join(", ") || "none"}` }
    : problem;
  const isProgrammed = isAccepted && (problem === undefined || certificates.length > 0) && kinds.length > 0;
  return {
    spec,
    kinds,
    certificates,
    isAccepted,
    isProgrammed,
    conditions: [
      accepted(unsupported, isTaken),
      conflict === undefined
        ? condition("Conflicted", false, "NoConflicts", "no other listener stands in its way")
        : condition("Conflicted", true, conflict.reason, conflict.message),
      refs === undefined
        ? condition("ResolvedRefs", true, "ResolvedRefs", "all that it refers to is there")
        : condition("ResolvedRefs", false, refs.reason, refs.message),
      isProgrammed
        ? condition("Programmed", true, "Programmed", "the proxies are told of it")
        : condition("Programmed", false, "Invalid", "it is not configured: see its other conditions"),
    ],
  };
}

function accepted(unsupported: string | undefined, isTaken: boolean): NewCondition {
  if (unsupported !== undefined) return condition("Accepted", false, "UnsupportedProtocol", unsupported);
  return isTaken
    ? condition("Accepted", false, "PortUnavailable", `the proxies answer their probes at port ${probePort}`)
    : condition("Accepted", true, "Accepted", "the listener is valid");
}

export function condition(type: string, status: boolean, reason: string, message: string): NewCondition {
  return { type, status: status ? "True" : "False", reason, message };
}

function unsupportedProtocol({ protocol, tls }: GatewayListener): string | undefined {
  if (routeKinds[protocol] === undefined) return `${protocol} is not supported: HTTP, HTTPS and TLS are`;
  const mode = tls?.mode ?? "Terminate";
  return protocol === "HTTPS" && mode !== "Terminate" ? "HTTPS ends TLS: set tls.mode to Terminate" : undefined;
}

/** Whether TLS ends at the listener, and so certificates are wanted. */
export function endsTls({ protocol, tls }: GatewayListener): boolean {
  return protocol === "HTTPS" || (protocol === "TLS" && tls?.mode !== "Passthrough");
}

/** Listeners of one port share it only with the same kind of protocol and other names. */
function conflictOf(
  spec: GatewayListener,
  all: readonly GatewayListener[],
): { readonly reason: string; readonly message: string } | undefined {
  const isClear = (of: GatewayListener): boolean => of.protocol === "HTTP";
  for (const other of all) {
    if (other === spec || other.port !== spec.port) continue;
    if (isClear(other) !== isClear(spec)) {
      return { reason: "ProtocolConflict", message: `"${other.name}" has port ${spec.port} for ${other.protocol}` };
    }
    if ((other.hostname ?? "") === (spec.hostname ?? "")) {
      return { reason: "HostnameConflict", message: `"${other.name}" has the same port and host name` };
    }
  }
  return undefined;
}

interface Found {
  readonly certificates: readonly Certificate[];
  readonly problem?: { readonly reason: string; readonly message: string };
}

function certificatesOf(spec: GatewayListener, gateway: Gateway, objects: ClusterObjects): Found {
  if (!endsTls(spec)) return { certificates: [] };
  const refs = spec.tls?.certificateRefs ?? [];
  const invalid = (message: string): Found => ({
    certificates: [],
    problem: { reason: "InvalidCertificateRef", message },
  });
  if (refs.length === 0) return invalid("tls.certificateRefs names no Secret");
  const found: Certificate[] = [];
  let problem: Found["problem"];
  for (const ref of refs) {
    const read = certificateOf(ref, gateway, objects);
    if ("reason" in read) problem ??= read;
    else found.push(read);
  }
  return { certificates: found, ...(problem === undefined ? {} : { problem }) };
}

/** Why a core Secret, whose name is given, or a ConfigMap is not among the objects. */
export function absence(
  namespace: string,
  { unreadableIn, byName }: Pick<ClusterObjects, "unreadableIn" | "byName">,
  secret?: string,
): string {
  const state = secret === undefined ? undefined : byName.get(`${namespace}/${secret}`);
  if (!unreadableIn.has(namespace) || state === "readable") return "is not there";
  if (state === "awaited") return "is being read";
  if (state === "failed") return "could not be read: the control plane's log says why, and it asks again";
  const bind = `bind the ClusterRole nephele:xds-certificates in ${namespace}`;
  if (state === "excess") return `is one too many of those that are read one by one: name fewer, or ${bind}`;
  return `may not be read: ${bind}${secret === undefined ? "" : ", or a Role for this one alone"}`;
}

function certificateOf(
  ref: SecretRef,
  gateway: Gateway,
  objects: ClusterObjects,
): Certificate | { readonly reason: string; readonly message: string } {
  const own = gateway.metadata.namespace ?? "";
  const { group: refGroup = "", kind = "Secret", name, namespace = own } = ref;
  const label = `${kind} ${namespace}/${name}`;
  const invalid = (message: string) => ({ reason: "InvalidCertificateRef", message: `${label} ${message}` });
  if (refGroup !== "" || kind !== "Secret") return invalid("is no core Secret");
  const from = { group, kind: "Gateway", namespace: own };
  if (!isGranted(objects.referenceGrants, from, { group: "", kind: "Secret", namespace, name })) {
    return { reason: "RefNotPermitted", message: `${label}: no ReferenceGrant in ${namespace} allows it` };
  }
  if (!isObjectName(name)) return invalid("has a name that no object can have");
  const secret = objects.secrets.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
  if (secret === undefined) return invalid(absence(namespace, objects, name));
  const [chain, key] = ["tls.crt", "tls.key"].map((field) =>
    Buffer.from(secret.data?.[field] ?? "", "base64").toString(),
  );
  if (!chain?.includes("-----BEGIN CERTIFICATE-----") || !key?.includes("PRIVATE KEY-----")) {
    return invalid("holds no certificate with its key (tls.crt, tls.key)");
  }
  return { name: `${namespace}/${name}`, chain, key };
}
