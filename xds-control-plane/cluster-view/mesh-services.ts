import { type SpiffeId, spiffeId, spiffeIdProblem, type TrustDomain, trustDomainOf } from "#spiffe/spiffe-id.ts";
import type { UpstreamProtocol } from "../mesh/service.ts";
import { addressProblem, pathProblem } from "../mesh/syntax.ts";
import type { Service } from "./kinds.ts";
import { protocolOf, serviceName } from "./services.ts";

/**
 * How a Service says that its pods have sidecars, and what these are to know before there is any pod.
 *
 * `enabled` is a label; the others are annotations. `application`, `local-port`, `clear-port` and `health` have one value for all
 * ports of the Service, or one for each by the port's name: `http=unix:/run/web/http.sock,admin=127.0.0.1:9000`.
 */
export const meshMarks = {
  /** `"true"`: its pods are in the mesh. */
  enabled: "mesh.nephele.dev/enabled",
  /** The ServiceAccount of its pods; the Service's name where it is not said. */
  serviceAccount: "mesh.nephele.dev/service-account",
  /** Where the application listens in the pod: `unix:/PATH` or `127.0.0.1:PORT`. */
  application: "mesh.nephele.dev/application",
  /** The port on loopback at which callers find the Service in their own pods; the Service's port where it is not said. */
  localPort: "mesh.nephele.dev/local-port",
  /** The port of the pod at which anybody comes in, in clear text: as long as callers have no sidecars yet. Of bytes alone. */
  clearPort: "mesh.nephele.dev/clear-port",
  /**
   * `PORT/PATH`: the path that is passed on to the application in clear text, from that port of the pod, for probes. A port's name
   * may stand there several times, with other paths of the same port.
   */
  health: "mesh.nephele.dev/health",
} as const;

/** A port of a Service whose pods have sidecars. */
export interface MeshPort {
  /** In the Service; empty where it has none. */
  readonly name: string;
  /** The Service's port, by its name in the mesh. */
  readonly service: string;
  readonly protocol: UpstreamProtocol;
  /** Where the pods' sidecars listen. */
  readonly inbound: number;
  readonly application: { readonly address: string; readonly port: number };
  /** The port on loopback of its callers' pods. */
  readonly local: number;
  /** Where anybody may come in, in clear text. */
  readonly clear: number | undefined;
  /** What a kubelet, which has no SVID, may ask: these paths, at least one, on a port of their own. */
  readonly health: { readonly port: number; readonly paths: readonly string[] } | undefined;
}

/** A Service whose pods have sidecars. */
export interface MeshService {
  readonly service: Service;
  /** Whom its pods have to be: callers look for it, so a wrong one cuts them off and lets nobody else in their place. */
  readonly identity: SpiffeId | undefined;
  readonly ports: readonly MeshPort[];
  /** Why its pods are served nothing, in a sentence. */
  readonly problem: string | undefined;
}

export function isInMesh({ metadata }: Service): boolean {
  return metadata.labels?.[meshMarks.enabled] === "true";
}

/** The identity of a ServiceAccount; undefined for what names none. */
export function identityOf(domain: TrustDomain, namespace: string, account: string): SpiffeId | undefined {
  const id = `spiffe://${domain}/ns/${namespace}/sa/${account}`;
  // A slash would make more segments, which is nobody's.
  return spiffeIdProblem(id) === undefined && !account.includes("/") ? spiffeId(id) : undefined;
}

/** The ServiceAccount that an identity of our trust domain is; undefined for what is another kind of workload. */
export function accountOf(
  id: SpiffeId,
  domain: TrustDomain,
): { readonly namespace: string; readonly account: string } | undefined {
  if (trustDomainOf(id) !== domain) return undefined;
  const [, namespace, account] = /^spiffe:\/\/[^/]+\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(id) ?? [];
  return namespace === undefined || account === undefined ? undefined : { namespace, account };
}

/** What a Service that is in the mesh says of its pods. */
export function readMeshService(service: Service, domain: TrustDomain): MeshService {
  const { namespace = "", name, annotations = {} } = service.metadata;
  const account = annotations[meshMarks.serviceAccount] ?? name;
  const identity = identityOf(domain, namespace, account);
  const refused = (problem: string): MeshService => ({ service, identity, ports: [], problem });
  if (identity === undefined) return refused(`${meshMarks.serviceAccount}: "${account}" names no ServiceAccount`);
  const ports: MeshPort[] = [];
  for (const port of service.spec?.ports ?? []) {
    if ((port.protocol ?? "TCP") !== "TCP") continue;
    const { name: portName = "", port: number, targetPort = number } = port;
    const label = portName === "" ? `port ${number}` : `port "${portName}"`;
    if (typeof targetPort !== "number") return refused(`${label}: targetPort must be a number, not a container's name`);
    const application = applicationOf(annotations[meshMarks.application], portName);
    if (typeof application === "string") return refused(`${meshMarks.application} for ${label}: ${application}`);
    if (application.address === loopback && application.port === targetPort) {
      return refused(`${label}: the sidecar listens on ${targetPort}, so the application cannot`);
    }
    const local = portOf(annotations[meshMarks.localPort], portName) ?? number;
    if (typeof local === "string") return refused(`${meshMarks.localPort} for ${label}: ${local}`);
    const clear = portOf(annotations[meshMarks.clearPort], portName);
    if (typeof clear === "string") return refused(`${meshMarks.clearPort} for ${label}: ${clear}`);
    const protocol = protocolOf(port, "mesh");
    if (clear !== undefined && protocol !== "tcp")
      return refused(`${meshMarks.clearPort} for ${label}: it is for ports of bytes, and this one is HTTP's`);
    if (clear === targetPort)
      return refused(`${meshMarks.clearPort} for ${label}: on ${clear} it listens for mutual TLS`);
    const health = healthOf(annotations[meshMarks.health], portName);
    if (typeof health === "string") return refused(`${meshMarks.health} for ${label}: ${health}`);
    ports.push({
      name: portName,
      service: serviceName(namespace, name, number),
      protocol,
      inbound: targetPort,
      application,
      local,
      clear,
      // Bytes have no path.
      health: protocol === "tcp" ? undefined : health,
    });
  }
  const taken = ports.map(({ application }) => application).filter(({ address }) => address === loopback);
  const inItsWay = ports.find(({ clear }) => taken.some(({ port }) => port === clear));
  if (inItsWay !== undefined) {
    const label = inItsWay.name === "" ? "the port" : `port "${inItsWay.name}"`;
    return refused(
      `${meshMarks.clearPort} for ${label}: on ${inItsWay.clear} the application listens, so the sidecar cannot`,
    );
  }
  return { service, identity, ports, problem: undefined };
}

const loopback = "127.0.0.1";

function applicationOf(text: string | undefined, portName: string): MeshPort["application"] | string {
  const value = valueFor(text, portName);
  const wanted = "it must be unix:/PATH or 127.0.0.1:PORT";
  if (value === undefined) return wanted;
  const [, path] = /^unix:(\/.+)$/.exec(value) ?? [];
  const [, port] = /^127\.0\.0\.1:(\d{1,5})$/.exec(value) ?? [];
  if (path === undefined && port === undefined) return `${wanted}, not "${value}"`;
  const application = path === undefined ? { address: loopback, port: Number(port) } : { address: path, port: 0 };
  if (path?.split("/").includes("..")) return "a path goes not up by ..";
  return addressProblem(application) ?? application;
}

function portOf(text: string | undefined, portName: string): number | string | undefined {
  const value = valueFor(text, portName);
  if (value === undefined) return undefined;
  const port = /^\d{1,5}$/.test(value) ? Number(value) : 0;
  return port >= 1 && port <= 65_535 ? port : `"${value}" is no port`;
}

function healthOf(text: string | undefined, portName: string): MeshPort["health"] | string {
  const found = valuesFor(text, portName).map((value) => {
    const [, port = "0", path = ""] = /^(\d{1,5})(\/.*)$/.exec(value) ?? [];
    return { port: Number(port), path };
  });
  const [first] = found;
  if (first === undefined) return undefined;
  const { port } = first;
  if (found.some((other) => other.port !== port)) return "all paths are of one port";
  const paths = found.map(({ path }) => path);
  const problem = paths.map(pathProblem).find((each) => each !== undefined);
  return addressProblem({ address: loopback, port }) ?? problem ?? { port, paths };
}

/** The value for a port: the one of its name, or the only one there is for all. */
function valueFor(text: string | undefined, portName: string): string | undefined {
  return valuesFor(text, portName)[0];
}

function valuesFor(text: string | undefined, portName: string): readonly string[] {
  if (text === undefined || text.trim() === "") return [];
  const entries = text.split(",").map((each) => {
    const [, name, value] = /^([a-z0-9-]+)=(.+)$/.exec(each.trim()) ?? [];
    return { name, value: value ?? each.trim() };
  });
  const [only] = entries;
  if (entries.length === 1 && only?.name === undefined) return [only?.value ?? ""];
  return entries.filter(({ name }) => name === portName).map(({ value }) => value);
}
