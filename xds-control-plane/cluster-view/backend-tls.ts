import { X509Certificate } from "node:crypto";
import type { NewCondition } from "#runtime/api/conditions.ts";
import type { ProxyClass } from "../mesh/mesh.ts";
import type { Service as MeshService, UpstreamTls } from "../mesh/service.ts";
import { hostnameProblem } from "../mesh/syntax.ts";
import { servicesOf } from "../mesh/used-services.ts";
import { byAge } from "./age.ts";
import type { Service } from "./kinds.ts";
import { absence, condition } from "./listeners.ts";
import type { ClusterObjects } from "./objects.ts";
import type { BackendTlsPolicy } from "./policy-kinds.ts";
import { serviceName } from "./services.ts";

type TlsOfPolicy = UpstreamTls & { readonly kind: "tls" };

/** A policy as it was read. */
export interface ReadBackendTls {
  readonly policy: BackendTlsPolicy;
  /** The ports of Services that it names, by their names in the mesh. */
  readonly targets: readonly string[];
  /** Those of them that no older policy has. */
  readonly services: readonly string[];
  /** Undefined where it cannot be had: nothing is sent there then. */
  readonly tls: TlsOfPolicy | undefined;
  readonly conditions: readonly NewCondition[];
}

/** What is to be said about a policy, for each Gateway whose proxies call a Service by it. */
export interface BackendTlsSays {
  readonly policy: BackendTlsPolicy;
  readonly gateways: readonly { readonly namespace: string; readonly name: string }[];
  readonly conditions: readonly NewCondition[];
}

/**
 * How Services want to be spoken to in TLS, the oldest policy first: of two for one port it is the one that counts. One that
 * names the port comes before one for the whole Service, and does not conflict with it.
 *
 * @param isInMesh Services for which no policy counts: both ends have SVIDs, which say more
 */
export function readBackendTls(
  objects: ClusterObjects,
  isInMesh: (service: Service) => boolean,
): readonly ReadBackendTls[] {
  const all = objects.backendTlsPolicies
    .toSorted(byAge)
    .map((policy) => ({ policy, targets: targetsOf(policy, objects) }));
  const holders = { port: new Map<string, BackendTlsPolicy>(), service: new Map<string, BackendTlsPolicy>() };
  for (const { policy, targets } of all) {
    for (const { name, by } of targets) if (!holders[by].has(name)) holders[by].set(name, policy);
  }
  return all.map(({ policy, targets }) => {
    const member = targets.find(({ service }) => isInMesh(service))?.service;
    const holder = targets.map(({ name, by }) => holders[by].get(name)).find((each) => each !== policy);
    const read = tlsOf(policy, objects);
    return {
      policy,
      targets: targets.map(({ name }) => name),
      services: targets
        .filter(({ name, by }) => holders[by].get(name) === policy && (by === "port" || !holders.port.has(name)))
        .map(({ name }) => name),
      tls: typeof read === "string" || "reason" in read ? undefined : read,
      conditions: conditionsOf(read, problemOf(member, holder?.metadata.name)),
    };
  });
}

interface Target {
  readonly service: Service;
  /** The port's name in the mesh. */
  readonly name: string;
  /** Whether the policy names the port, or the whole Service. */
  readonly by: "port" | "service";
}

/** Ports of Services, which may be there or not; without a section all of a Service's. */
function targetsOf({ metadata, spec }: BackendTlsPolicy, objects: ClusterObjects): readonly Target[] {
  const namespace = metadata.namespace ?? "";
  return (spec?.targetRefs ?? []).flatMap(({ group, kind, name, sectionName }) => {
    if (group !== "" || kind !== "Service") return [];
    const service = objects.services.find(
      (each) => each.metadata.namespace === namespace && each.metadata.name === name,
    );
    if (service === undefined) return [];
    return (service.spec?.ports ?? [])
      .filter((port) => sectionName === undefined || port.name === sectionName)
      .map(({ port }) => ({
        service,
        name: serviceName(namespace, name, port),
        by: sectionName === undefined ? ("service" as const) : ("port" as const),
      }));
  });
}

interface Unresolved {
  readonly reason: "InvalidCACertificateRef" | "InvalidKind";
  readonly message: string;
}

/** A text says what is wrong with the policy itself. */
function tlsOf({ metadata, spec }: BackendTlsPolicy, objects: ClusterObjects): TlsOfPolicy | Unresolved | string {
  const { hostname, subjectAltNames = [], caCertificateRefs = [], wellKnownCACertificates } = spec?.validation ?? {};
  const problem = hostname === undefined ? "validation.hostname is needed" : hostnameProblem(hostname, "names");
  if (hostname === undefined || problem !== undefined) return problem ?? "";
  const names = subjectAltNames.flatMap(({ type, hostname: dns, uri }): NonNullable<TlsOfPolicy["names"]> => {
    const value = type === "Hostname" ? dns : uri;
    return value === undefined ? [] : [{ kind: type === "Hostname" ? "dns" : "uri", value }];
  });
  const common = { kind: "tls" as const, hostname, ...(names.length === 0 ? {} : { names }) };
  if (wellKnownCACertificates !== undefined && wellKnownCACertificates !== "") {
    return wellKnownCACertificates === "System" ? common : `"${wellKnownCACertificates}" is not supported: System is`;
  }
  const namespace = metadata.namespace ?? "";
  const found: string[] = [];
  for (const { group, kind, name } of caCertificateRefs) {
    const label = `${kind} ${namespace}/${name}`;
    if (group !== "" || kind !== "ConfigMap") return { reason: "InvalidKind", message: `${label} is no ConfigMap` };
    const held = objects.configMaps.find(
      (each) => each.metadata.namespace === namespace && each.metadata.name === name,
    );
    const certificates = certificatesIn(held?.data?.["ca.crt"] ?? "");
    if (certificates.length === 0) {
      const why =
        held === undefined
          ? absence(namespace, objects)
          : "holds no certificate under ca.crt, or one that cannot be read";
      return { reason: "InvalidCACertificateRef", message: `${label} ${why}` };
    }
    found.push(...certificates);
  }
  if (found.length === 0) return "validation names no authority";
  return { ...common, authorities: found.join("") };
}

/**
 * The certificates of a text, written anew: Envoy refuses what it cannot read, for all whom the proxy serves, and what else
 * stands there (a key) is not its to have. None where one of them cannot be read.
 */
function certificatesIn(text: string): readonly string[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----.*?(?:-----END CERTIFICATE-----|$)/gs) ?? [];
  try {
    return blocks.map((block) => new X509Certificate(block).toString());
  } catch {
    return [];
  }
}

interface Problem {
  readonly reason: "Invalid" | "Conflicted";
  readonly message: string;
}

/** Why a policy does not count for a target of its. */
function problemOf(member: Service | undefined, holder: string | undefined): Problem | undefined {
  if (member !== undefined) {
    const message = `Service ${member.metadata.name} is in the mesh, where both ends have SVIDs: no policy is needed`;
    return { reason: "Invalid", message };
  }
  if (holder === undefined) return undefined;
  return { reason: "Conflicted", message: `BackendTLSPolicy ${holder} is older and for the same port` };
}

function conditionsOf(read: TlsOfPolicy | Unresolved | string, problem: Problem | undefined): readonly NewCondition[] {
  const resolved = condition("ResolvedRefs", true, "ResolvedRefs", "all that it refers to is there");
  if (typeof read === "string") return [condition("Accepted", false, "Invalid", read), resolved];
  if ("reason" in read) {
    return [
      condition("Accepted", false, "NoValidCACertificate", "nobody's certificate could be believed: nothing is sent"),
      condition("ResolvedRefs", false, read.reason, read.message),
    ];
  }
  if (problem !== undefined) return [condition("Accepted", false, problem.reason, problem.message), resolved];
  return [condition("Accepted", true, "Accepted", "the policy is valid"), resolved];
}

/** Services as they want to be spoken to. Those of a policy that cannot be had are not spoken to at all: never in clear text. */
export function secured(
  services: ReadonlyMap<string, MeshService>,
  policies: readonly ReadBackendTls[],
): ReadonlyMap<string, MeshService> {
  const made = new Map(services);
  for (const { services: names, tls } of policies) {
    for (const name of names) {
      const service = made.get(name);
      // In the mesh: see above.
      if (service === undefined || service.tls.kind === "mesh") continue;
      made.set(name, tls === undefined ? { ...service, endpoints: [] } : { ...service, tls });
    }
  }
  return made;
}

/** Policies with the Gateways that call by them: of others there is nobody to say anything about them to. */
export function backendTlsSays(
  policies: readonly ReadBackendTls[],
  gateways: readonly { readonly namespace: string; readonly name: string; readonly proxy: ProxyClass }[],
): readonly BackendTlsSays[] {
  const used = gateways.map(({ namespace, name, proxy }) => ({ namespace, name, services: servicesOf(proxy) }));
  return policies.map(({ policy, targets, conditions }) => ({
    policy,
    gateways: used
      .filter((gateway) => targets.some((service) => gateway.services.has(service)))
      .map(({ namespace, name }) => ({ namespace, name })),
    conditions,
  }));
}
