import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeRoot } from "#operator/install/trust/root-certificate.ts";
import { freePort } from "../cluster/ports.ts";
import { run } from "../harness/run.ts";
import { tools } from "../tools/build.ts";
import { BedProcess } from "./process.ts";

export interface SpireOptions {
  readonly trustDomain: string;
  /** How long leaves live, as "20s"; they are renewed at half of it. */
  readonly leafTtl?: string;
  /** Paths of the SPIFFE IDs that may administer the server over the network. */
  readonly admins?: readonly string[];
  /** Leaves are signed by an intermediate below a root, as the chart has it, and not by a root of the server's own. */
  readonly withIntermediate?: boolean;
}

export interface EntryOptions {
  readonly hint?: string;
  /** Trust domains whose bundles the workload is given too. */
  readonly federatesWith?: readonly string[];
  /** How long its leaves live, seconds. */
  readonly leafSeconds?: number;
}

/**
 * A real SPIRE server and an agent of it, as processes, with sockets below a folder of their own. Workloads are told apart
 * by their user; every process of this one has all identities that are entered.
 */
export class Spire {
  readonly trustDomain: string;
  /** The Workload API's address, and SDS's. */
  readonly address: string;
  /** The same as a path. */
  readonly socket: string;
  /** The server's API, `host:port`. */
  readonly serverAddress: string;
  /** The path of the server's private socket, by which whoever reaches it may do all. */
  readonly serverSocket: string;
  readonly server: BedProcess;
  readonly #bin: string;
  readonly #folder: string;
  readonly #agentConfig: string;
  #agent: BedProcess | undefined;

  private constructor(bin: string, folder: string, port: number, options: SpireOptions) {
    this.#bin = bin;
    this.#folder = folder;
    this.trustDomain = options.trustDomain;
    this.serverSocket = join(folder, "server", "api.sock");
    this.socket = join(folder, "workload", "agent.sock");
    this.address = `unix://${this.socket}`;
    this.serverAddress = `127.0.0.1:${port}`;
    this.#agentConfig = join(folder, "agent.conf");
    const serverConfig = join(folder, "server.conf");
    for (const part of ["server", "agent", "workload"]) mkdirSync(join(folder, part));
    writeFileSync(serverConfig, serverConfiguration(folder, this.serverSocket, port, options));
    writeFileSync(this.#agentConfig, agentConfiguration(folder, this.socket, port, options));
    this.server = new BedProcess(
      join(bin, "spire-server"),
      ["run", "-config", serverConfig],
      join(folder, "server.log"),
      () => this.#healthy("spire-server", this.serverSocket),
    );
  }

  static async start(options: SpireOptions): Promise<Spire> {
    const { bin } = await tools("spire", (line) => process.stderr.write(`${line}\n`));
    const spire = new Spire(bin, mkdtempSync(join(tmpdir(), "spire-")), await freePort(), options);
    try {
      await spire.server.start();
      await spire.startAgent();
      return spire;
    } catch (error) {
      await spire.stop();
      throw error;
    }
  }

  get agent(): BedProcess {
    if (this.#agent === undefined) throw new Error("no agent was started");
    return this.#agent;
  }

  /** Attests an agent by a join token. It stays attested when it is killed and started again. */
  async startAgent(): Promise<void> {
    const { value: token } = JSON.parse(
      await this.ask("token", "generate", "-spiffeID", this.#id("/agent"), "-output", "json"),
    );
    writeFileSync(join(this.#folder, "bundle.pem"), await this.ask("bundle", "show"));
    this.#agent = new BedProcess(
      join(this.#bin, "spire-agent"),
      ["run", "-config", this.#agentConfig, "-joinToken", token],
      join(this.#folder, "agent.log"),
      () => this.#healthy("spire-agent", this.socket),
    );
    await this.#agent.start();
  }

  /** Enters an identity for this user's processes, by the server's API. Gives the SPIFFE ID. */
  async enter(path: string, { hint, federatesWith = [], leafSeconds }: EntryOptions = {}): Promise<string> {
    const id = this.#id(path);
    await this.ask(
      ...["entry", "create", "-spiffeID", id, "-parentID", this.#id("/agent")],
      ...["-selector", `unix:uid:${process.getuid?.()}`],
      ...(hint === undefined ? [] : ["-hint", hint]),
      ...(leafSeconds === undefined ? [] : ["-x509SVIDTTL", `${leafSeconds}`]),
      ...federatesWith.flatMap((domain) => ["-federatesWith", `spiffe://${domain}`]),
    );
    return id;
  }

  /** Takes over another trust domain's bundle, as federation does. */
  async trust(other: Spire): Promise<void> {
    const file = join(this.#folder, `${other.trustDomain}.json`);
    writeFileSync(file, await other.ask("bundle", "show", "-format", "spiffe"));
    await this.ask("bundle", "set", "-id", `spiffe://${other.trustDomain}`, "-path", file, "-format", "spiffe");
  }

  /** A command of spire-server over its socket; gives what it says. */
  async ask(...command: readonly string[]): Promise<string> {
    const words = command.findIndex((each) => each.startsWith("-"));
    const [verbs, flags] = words === -1 ? [command, []] : [command.slice(0, words), command.slice(words)];
    const said = await run(join(this.#bin, "spire-server"), [...verbs, "-socketPath", this.serverSocket, ...flags]);
    if (!said.ok) throw new Error(`spire-server ${verbs.join(" ")}: ${said.text}`);
    return said.text;
  }

  async stop(): Promise<void> {
    await this.#agent?.kill();
    await this.server.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #healthy(program: string, socket: string): Promise<boolean> {
    return (await run(join(this.#bin, program), ["healthcheck", "-socketPath", socket])).ok;
  }

  #id(path: string): string {
    return `spiffe://${this.trustDomain}${path}`;
  }
}

function serverConfiguration(
  folder: string,
  socket: string,
  port: number,
  { trustDomain, leafTtl, admins = [], withIntermediate = false }: SpireOptions,
): string {
  const adminIds = admins.map((path) => `spiffe://${trustDomain}${path}`);
  return `
server {
  bind_address = "127.0.0.1"
  bind_port = "${port}"
  socket_path = "${socket}"
  trust_domain = "${trustDomain}"
  data_dir = "${folder}/server"
  log_level = "INFO"
  ca_key_type = "ec-p256"
  ca_ttl = "24h"
  default_x509_svid_ttl = "${leafTtl ?? "1h"}"
  agent_ttl = "12h"
  admin_ids = ${JSON.stringify(adminIds)}
}
plugins {
  DataStore "sql" {
    plugin_data {
      database_type = "sqlite3"
      connection_string = "${folder}/server/db.sqlite3"
    }
  }
  KeyManager "disk" {
    plugin_data {
      keys_path = "${folder}/server/keys.json"
    }
  }
  NodeAttestor "join_token" {
    plugin_data {}
  }
  ${withIntermediate ? upstreamAuthority(folder, trustDomain) : ""}
}
`;
}

/** A root of its own, whose key is beside it. */
function upstreamAuthority(folder: string, trustDomain: string): string {
  const { certificate, key } = makeRoot(trustDomain, new Date());
  const files = { cert: join(folder, "root.crt"), key: join(folder, "root.key") };
  writeFileSync(files.cert, certificate);
  writeFileSync(files.key, key, { mode: 0o600 });
  return `UpstreamAuthority "disk" {
    plugin_data {
      cert_file_path = "${files.cert}"
      key_file_path = "${files.key}"
    }
  }`;
}

function agentConfiguration(folder: string, socket: string, port: number, { trustDomain }: SpireOptions): string {
  return `
agent {
  data_dir = "${folder}/agent"
  log_level = "INFO"
  server_address = "127.0.0.1"
  server_port = "${port}"
  socket_path = "${socket}"
  trust_domain = "${trustDomain}"
  trust_bundle_path = "${folder}/bundle.pem"
}
plugins {
  NodeAttestor "join_token" {
    plugin_data {}
  }
  KeyManager "disk" {
    plugin_data {
      directory = "${folder}/agent"
    }
  }
  WorkloadAttestor "unix" {
    plugin_data {}
  }
}
`;
}
