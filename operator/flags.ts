import { hostname } from "node:os";
import type { SpireAddress } from "#operator/clients/spire/spire-server.ts";
import { parseConsoleUrl } from "#operator/console-url.ts";
import type { MeshPlatform } from "#operator/envoy/platform.ts";
import { type GatewayPlatform, type ServiceType, serviceTypes } from "#operator/gateway/platform.ts";
import { commonHelp, commonOptions, hostAndPort, readFlags, UsageError } from "#runtime/manager/flags.ts";
import { trustDomain as trustDomainOf } from "#spiffe/spiffe-id.ts";

/** What the operator is told at its start. */
export interface Flags {
  readonly kubeconfig: string | undefined;
  /** Names of the controllers to run; undefined is all of them. */
  readonly controllers: readonly string[] | undefined;
  /** Tells our things in Keystone and Barbican from those of another installation that uses the same cloud. */
  readonly installationId: string;
  /** Where the operator's own objects live: its lease, its key. */
  readonly namespace: string;
  readonly identity: string;
  /** How long until every object is looked at again where nothing was heard, in milliseconds; undefined is the runtime's. */
  readonly resyncMs: number | undefined;
  readonly leaderElect: boolean;
  readonly health: { readonly host: string; readonly port: number } | undefined;
  readonly logLevel: string;
  readonly platform: {
    /** Before the names of the images of a Cloud's services. */
    readonly imageRegistry: string;
    readonly userNamespaces: boolean;
    /** Whose identities the pods of a Cloud have; undefined: none have any. */
    readonly trustDomain: string | undefined;
    /** What the Envoys beside a Cloud's pods are told; undefined: there are none. */
    readonly sidecars: MeshPlatform | undefined;
    /** Whether the operator runs Gateways' proxies. */
    readonly gateways: boolean;
  };
  /** Where workloads are registered; undefined: nowhere. */
  readonly spire: SpireAddress | undefined;
  /** How the proxies of Gateways are run; undefined: by somebody else. */
  readonly gateways: GatewayPlatform | undefined;
  /** Scheme, host and port by which people reach the console proxy; undefined: there is none. */
  readonly consoleOrigin: string | undefined;
}

const HELP = `nephele operator

  --installation-id ID     tells our things in Keystone and Barbican from another installation's (required);
                           3 to 20 of a-z, 0-9 and -, and never changed once used
  ${commonHelp.kubeconfig}
  --controllers A,B        run only these (default: all); processes with disjoint sets share the work
  --namespace NS           where the lease lives (default nephele-system)
  --identity NAME          this process in leases and events (default: host name and process id)
  --resync SECONDS         look at every object again after this long where nothing was heard (default 600)
  --no-leader-elect        work at once: for a process that is alone
  --health-address H:P     serve /healthz, /readyz, /metrics (default 127.0.0.1:8080; "off" for none)
  --image-registry PREFIX  before the names of the images of a Cloud's services (default docker.io/nephele)
  --no-user-namespaces     give pods of a Cloud no user namespace: for nodes that have none
  --trust-domain NAME      register what Clouds run with SPIRE, as members of this trust domain; needs the next two
  --spire-server H:P       SPIRE's server, whose administrator the operator is
  --workload-api ADDRESS   unix:///PATH of the SPIRE agent that the operator's own identity comes from
  --root-on-disk           say that the key of the trust domain's root is on disk
  --xds-server H:P         the xDS control plane, in this namespace, that configures Envoys; needs the trust domain and the next
  --agent-folder PATH      the folder of the SPIRE agent's socket on each node
  --cloud-sidecars         put an Envoy beside each pod of a Cloud; needs the two before
  --gateways               run the proxies of Gateways; needs the two before
  --gateway-service TYPE   how a Gateway is reached: LoadBalancer, NodePort or ClusterIP (default LoadBalancer)
  --gateway-replicas N     pods of each Gateway, 1 to 100 (default 2)
  --console-url URL        by which people reach the console proxy, such as wss://consoles.example.org
  ${commonHelp.logLevel}
`;

const options = {
  ...commonOptions,
  "installation-id": { type: "string" },
  controllers: { type: "string" },
  namespace: { type: "string", default: "nephele-system" },
  identity: { type: "string" },
  resync: { type: "string" },
  "no-leader-elect": { type: "boolean", default: false },
  "health-address": { type: "string", default: "127.0.0.1:8080" },
  "image-registry": { type: "string", default: "docker.io/nephele" },
  "no-user-namespaces": { type: "boolean", default: false },
  "trust-domain": { type: "string" },
  "spire-server": { type: "string" },
  "workload-api": { type: "string" },
  "root-on-disk": { type: "boolean", default: false },
  "xds-server": { type: "string" },
  "agent-folder": { type: "string" },
  "cloud-sidecars": { type: "boolean", default: false },
  gateways: { type: "boolean", default: false },
  "gateway-service": { type: "string", default: "LoadBalancer" },
  "gateway-replicas": { type: "string", default: "2" },
  "console-url": { type: "string" },
} as const;

/** @throws UsageError whose message is to be shown as it is */
export function parseFlags(argv: readonly string[]): Flags {
  const values = readFlags(argv, options, HELP);
  const id = values["installation-id"];
  if (id === undefined || !/^[a-z0-9][a-z0-9-]{1,18}[a-z0-9]$/.test(id)) {
    throw new UsageError(`--installation-id must be given: 3 to 20 of a-z, 0-9 and -\n\n${HELP}`);
  }
  const { resync } = values;
  if (resync !== undefined && !/^[1-9]\d{0,4}$/.test(resync))
    throw new UsageError(`--resync must be seconds, 1 to 99999, not ${resync}`);
  const spire = parseSpire(values);
  const mesh = parseMesh(values, spire?.trustDomain);
  if (values["cloud-sidecars"] && mesh === undefined)
    throw new UsageError("--cloud-sidecars needs --xds-server and --agent-folder");
  const platform = {
    imageRegistry: values["image-registry"].replace(/\/+$/, ""),
    userNamespaces: !values["no-user-namespaces"],
    trustDomain: spire?.trustDomain,
    sidecars: values["cloud-sidecars"] ? mesh : undefined,
    gateways: values.gateways,
  };
  return {
    kubeconfig: values.kubeconfig,
    controllers: values.controllers?.split(",").filter((name) => name !== ""),
    installationId: id,
    namespace: values.namespace,
    identity: values.identity ?? `${hostname()}-${process.pid}`,
    resyncMs: resync === undefined ? undefined : Number(resync) * 1000,
    leaderElect: !values["no-leader-elect"],
    health: parseAddress(values["health-address"]),
    logLevel: values["log-level"],
    platform,
    spire,
    gateways: parseGateways(values, platform, mesh),
    consoleOrigin: values["console-url"] === undefined ? undefined : parseConsoleUrl(values["console-url"]),
  };
}

function parseSpire(values: {
  readonly "trust-domain"?: string | undefined;
  readonly "spire-server"?: string | undefined;
  readonly "workload-api"?: string | undefined;
  readonly "root-on-disk": boolean;
}): SpireAddress | undefined {
  const { "trust-domain": trustDomain, "spire-server": server, "workload-api": workloadApi } = values;
  if (trustDomain === undefined && server === undefined && workloadApi === undefined) return undefined;
  if (trustDomain === undefined || server === undefined || workloadApi === undefined)
    throw new UsageError("--trust-domain, --spire-server and --workload-api must be given together");
  try {
    trustDomainOf(trustDomain);
  } catch (error) {
    throw new UsageError(`--trust-domain: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (hostAndPort(server) === undefined) throw new UsageError(`--spire-server must be host:port, not ${server}`);
  if (!workloadApi.startsWith("unix:///"))
    throw new UsageError(`--workload-api must be unix:///PATH, not ${workloadApi}`);
  return { trustDomain, server, workloadApi, rootOnDisk: values["root-on-disk"] };
}

function parseMesh(
  values: {
    readonly namespace: string;
    readonly "xds-server"?: string | undefined;
    readonly "agent-folder"?: string | undefined;
  },
  trustDomain: string | undefined,
): MeshPlatform | undefined {
  const { namespace, "xds-server": server, "agent-folder": agentFolder } = values;
  if (server === undefined && agentFolder === undefined) return undefined;
  if (server === undefined || agentFolder === undefined || trustDomain === undefined)
    throw new UsageError("--xds-server and --agent-folder must be given together, with --trust-domain");
  const address = hostAndPort(server);
  if (address === undefined) throw new UsageError(`--xds-server must be host:port, not ${server}`);
  if (!agentFolder.startsWith("/")) throw new UsageError(`--agent-folder must be an absolute path, not ${agentFolder}`);
  return { trustDomain, xds: { ...address, namespace }, agentFolder };
}

function parseGateways(
  values: {
    readonly gateways: boolean;
    readonly "gateway-service": string;
    readonly "gateway-replicas": string;
  },
  { imageRegistry, userNamespaces }: Flags["platform"],
  mesh: MeshPlatform | undefined,
): GatewayPlatform | undefined {
  if (!values.gateways) return undefined;
  if (mesh === undefined) throw new UsageError("--gateways needs --xds-server and --agent-folder");
  const { "gateway-service": serviceType, "gateway-replicas": replicas } = values;
  if (!isServiceType(serviceType))
    throw new UsageError(`--gateway-service must be one of ${serviceTypes.join(", ")}, not ${serviceType}`);
  if (!/^[1-9]\d?$|^100$/.test(replicas)) throw new UsageError(`--gateway-replicas must be 1 to 100, not ${replicas}`);
  return { ...mesh, imageRegistry, userNamespaces, replicas: Number(replicas), serviceType };
}

function isServiceType(text: string): text is ServiceType {
  return serviceTypes.some((type) => type === text);
}

function parseAddress(text: string): Flags["health"] {
  if (text === "off") return undefined;
  const address = hostAndPort(text);
  if (address === undefined) throw new UsageError(`--health-address must be host:port or "off", not ${text}`);
  return address;
}
