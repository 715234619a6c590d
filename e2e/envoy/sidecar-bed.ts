import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Socket, connect as tcpConnect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as tlsConnect } from "node:tls";
import type { Resource } from "#runtime/api/resource.ts";
import { type SpiffeId, spiffeId } from "#spiffe/spiffe-id.ts";
import { X509Source } from "#spiffe/x509-source.ts";
import { endpointSlices, namespaces, services } from "../../xds-control-plane/cluster-view/kinds.ts";
import { meshMarks } from "../../xds-control-plane/cluster-view/mesh-services.ts";
import { accessPolicies, deniedIdentities } from "../../xds-control-plane/cluster-view/policy-kinds.ts";
import { ensureGatewayApi } from "../cluster/gateway-api.ts";
import { freePort } from "../cluster/ports.ts";
import { type Bed, openBed, unique } from "../harness/bed.ts";
import { eventually } from "../harness/eventually.ts";
import { Spire } from "../spire/spire.ts";
import { type Asked, ask } from "./ask.ts";
import { ownAddress, put, startTestProgram, type TestProgram } from "./control-plane.ts";
import { type Echo, startEcho } from "./echo.ts";
import { type Envoy, startEnvoy } from "./envoy.ts";

/** How long a change may take to reach a proxy and act there. */
export const soon = { timeout: 30_000, interval: 50 };

interface Rule {
  readonly callers: readonly ({ readonly id: string } | { readonly prefix: string })[];
  readonly methods?: readonly string[];
  readonly paths?: readonly object[];
}

/** Of the pods: where web's sidecar takes calls, and where web is found in the caller's pod. */
interface Ports {
  readonly inbound: number;
  readonly inboundBytes: number;
  readonly health: number;
  readonly local: number;
  readonly localBytes: number;
}

/** A port of a Service, and the program behind it, which listens on loopback already. */
interface Part {
  readonly name: string;
  readonly appProtocol: "http" | "postgresql" | "memcache";
  readonly application: number;
}

const domain = "cloud.test";
const xds = spiffeId(`spiffe://${domain}/ns/nephele-system/sa/nephele-xds`);

/**
 * Two pods and who stands around them: `web` serves HTTP on a unix socket and bytes on loopback behind its sidecar; `caller`
 * calls by its own; `other` has an SVID, too. The control plane's program configures the sidecars from the local cluster,
 * with the rights of its ServiceAccount; a SPIRE of the bed's own gives identities. The pods are there first; then comes
 * the Service; policies are the test's.
 */
export class SidecarBed {
  readonly cluster: Bed;
  readonly namespace = unique("sidecars");
  readonly web = this.#id("web");
  readonly caller = this.#id("caller");
  readonly other = this.#id("other");
  /** Of a Gateway's proxies. */
  readonly edge = this.#id("edge-gateway");
  readonly #open: (() => unknown)[] = [];
  readonly #sources = new Map<SpiffeId, X509Source>();
  #spire: Spire | undefined;
  #program: TestProgram | undefined;
  #ofWeb: Envoy | undefined;
  #ofCaller: Envoy | undefined;
  #ports: Ports | undefined;

  private constructor(cluster: Bed) {
    this.cluster = cluster;
    this.onClose(() => cluster.close());
  }

  /** @param before makes objects that are there before the program starts */
  static async open(before: (bed: SidecarBed) => Promise<void>): Promise<SidecarBed> {
    const bed = new SidecarBed(await openBed());
    try {
      await bed.#start(before);
      return bed;
    } catch (error) {
      await bed.close();
      throw error;
    }
  }

  /** The sidecar of web. */
  get ofWeb(): Envoy {
    return there(this.#ofWeb);
  }

  /** The sidecar of the caller. */
  get ofCaller(): Envoy {
    return there(this.#ofCaller);
  }

  get ports(): Ports {
    return there(this.#ports);
  }

  onClose(close: () => unknown): void {
    this.#open.push(close);
  }

  async close(): Promise<void> {
    for (const close of this.#open.splice(0).reverse()) await close();
  }

  /** Makes a policy for web, or makes it what is said. */
  async policy(name: string, rules: readonly Rule[], more: object = {}): Promise<void> {
    const spec = { targetRefs: [{ name: "web" }], rules, ...more };
    await put(this.cluster, accessPolicies as Resource, { metadata: { name, namespace: this.namespace }, spec });
  }

  async withoutPolicies(): Promise<void> {
    const { namespace } = this;
    for (const { metadata } of await this.cluster.kube.list(accessPolicies, { namespace })) {
      await this.cluster.kube.delete(accessPolicies, { namespace, name: metadata.name });
    }
  }

  /** What is said of a policy's first target, as `Accepted True Accepted`, and the message of the last condition. */
  async says(name: string): Promise<{ readonly conditions: readonly string[]; readonly message: string | undefined }> {
    const found = await this.cluster.kube.get(accessPolicies, { namespace: this.namespace, name });
    const conditions = found?.status?.ancestors?.[0]?.conditions ?? [];
    return {
      conditions: conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`),
      message: conditions.at(-1)?.message,
    };
  }

  async deny(id: SpiffeId): Promise<void> {
    const spec = { id, reason: "its key was seen elsewhere" };
    await put(this.cluster, deniedIdentities as Resource, { metadata: { name: this.namespace }, spec });
  }

  async lift(): Promise<void> {
    await this.cluster.kube.delete(deniedIdentities, { name: this.namespace });
  }

  /** Makes a Service of programs behind web's sidecar; gives the ports at which the caller's pod finds them, once it may call. */
  async serve(name: string, programs: readonly Part[]): Promise<readonly number[]> {
    const { cluster, namespace } = this;
    const parts: (Part & { readonly inbound: number; readonly local: number })[] = [];
    for (const each of programs) parts.push({ ...each, inbound: await freePort(), local: await freePort() });
    const marks = (value: (part: (typeof parts)[number]) => string): string =>
      parts.map((part) => `${part.name}=${value(part)}`).join(",");
    const annotations = {
      [meshMarks.serviceAccount]: "web",
      [meshMarks.application]: marks(({ application }) => `127.0.0.1:${application}`),
      [meshMarks.localPort]: marks(({ local }) => `${local}`),
    };
    await put(cluster, services as Resource, {
      metadata: { name, namespace, labels: { [meshMarks.enabled]: "true" }, annotations },
      spec: {
        ports: parts.map(({ name: port, appProtocol, inbound }, at) => ({
          name: port,
          appProtocol,
          port: at + 1,
          targetPort: inbound,
        })),
      },
    });
    await put(cluster, endpointSlices as Resource, {
      metadata: { name: `${name}-1`, namespace, labels: { "kubernetes.io/service-name": name } },
      addressType: "IPv4",
      ports: parts.map(({ name: port, inbound }) => ({ name: port, port: inbound, protocol: "TCP" })),
      endpoints: [{ addresses: [ownAddress()], conditions: { ready: true } }],
    });
    return parts.map(({ local }) => local);
  }

  /** What a process in the caller's pod does: it speaks to its own sidecar. Status 0 is a failed connection. */
  fromPod(path: string, asked: Asked = {}): Promise<readonly [number, Echo?]> {
    return ask(`http://127.0.0.1:${this.ports.local}${path}`, asked, {});
  }

  /** What a kubelet does: it has no SVID. */
  async probe(path: string, asked: Asked = {}): Promise<number> {
    return (await ask(`http://127.0.0.1:${this.ports.health}${path}`, asked, {}))[0];
  }

  /** A request to web's sidecar from outside of the mesh, with TLS as it is said. */
  async fromOutside(scheme: "http" | "https", path: string, tls: object = {}): Promise<number> {
    return (await ask(`${scheme}://127.0.0.1:${this.ports.inbound}${path}`, {}, tls))[0];
  }

  /** A request to web's sidecar with the SVID of an identity. */
  directly(id: SpiffeId, path: string, tls: object = {}): Promise<number> {
    return this.fromOutside("https", path, { ...this.#svid(id), ...tls });
  }

  /** What comes back of bytes that are sent to web's sidecar with the SVID of an identity; nothing where they are refused. */
  bytesDirectly(id: SpiffeId): Promise<string> {
    const target = { host: "127.0.0.1", port: this.ports.inboundBytes, rejectUnauthorized: false };
    return new Promise((resolve) => {
      const socket = tlsConnect({ ...target, ...this.#svid(id) });
      let back = "";
      socket.once("secureConnect", () => socket.write("hello"));
      socket.on("data", (part) => {
        back += String(part);
        socket.destroy();
      });
      socket.on("error", () => undefined);
      socket.once("close", () => resolve(back));
    });
  }

  /** What comes back first of bytes that a process in the caller's pod sends to one of its own ports; nothing where it is refused. */
  firstFromPod(port: number, bytes: string | Buffer): Promise<string> {
    return new Promise((resolve) => {
      const socket = tcpConnect(port, "127.0.0.1", () => socket.write(bytes));
      let back = "";
      socket.once("data", (part) => {
        back = String(part);
        socket.destroy();
      });
      socket.on("error", () => undefined);
      socket.once("close", () => resolve(back));
    });
  }

  /** A connection from the caller's pod to web's port of bytes, over which something has come back, and which stays open. */
  async openBytes(): Promise<Socket> {
    const socket = tcpConnect(this.ports.localBytes, "127.0.0.1");
    this.onClose(() => socket.destroy());
    socket.on("error", () => undefined);
    await new Promise<void>((resolve) => {
      socket.once("data", () => resolve());
      socket.write("hello");
    });
    return socket;
  }

  /** Lines of the access log of web's sidecar. */
  logged(fits: Readonly<Record<string, unknown>>): readonly Readonly<Record<string, unknown>>[] {
    return this.ofWeb
      .accessLog()
      .filter((line) => Object.entries(fits).every(([field, value]) => line[field] === value));
  }

  #id(account: string): SpiffeId {
    return spiffeId(`spiffe://${domain}/ns/${this.namespace}/sa/${account}`);
  }

  #svid(id: SpiffeId): { readonly cert: string; readonly key: string } {
    const { chain, key } = there(this.#sources.get(id)).svid;
    return { cert: chain.map(String).join(""), key: String(key.export({ type: "pkcs8", format: "pem" })) };
  }

  async #start(before: (bed: SidecarBed) => Promise<void>): Promise<void> {
    const { cluster, namespace } = this;
    await ensureGatewayApi(cluster.cluster);
    const spire = await Spire.start({ trustDomain: domain, withIntermediate: true });
    this.#spire = spire;
    this.onClose(() => spire.stop());
    for (const id of [xds, this.web, this.caller, this.other, this.edge]) await spire.enter(new URL(id).pathname);
    await Promise.all([xds, this.caller, this.other].map((id) => this.#source(id, spire)));
    await cluster.kube.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    this.onClose(async () => {
      await this.lift();
      await cluster.kube.delete(namespaces, { name: namespace });
    });
    await before(this);
    const program = await startTestProgram(cluster, this.#sources.get(xds));
    this.#program = program;
    this.onClose(() => program.stop());
    const readiness = `http://127.0.0.1:${program.healthPort}/readyz`;
    await eventually("the control plane to have listed all kinds", async () => (await fetch(readiness)).ok);
    this.#ofWeb = await this.proxy(`workload/${namespace}/web`, this.web);
    this.#ofCaller = await this.proxy(`workload/${namespace}/caller`, this.caller);
    await this.#serveWeb();
  }

  async #source(id: SpiffeId, spire: Spire): Promise<void> {
    const source = await X509Source.open({ address: spire.address, id }, AbortSignal.timeout(60_000));
    this.onClose(() => source.close());
    this.#sources.set(id, source);
  }

  /** An Envoy of a class, which proves to be an identity. */
  async proxy(id: string, own: SpiffeId): Promise<Envoy> {
    const made = await startEnvoy({
      id,
      xdsPort: there(this.#program).xdsPort,
      apiType: "DELTA_GRPC",
      svid: { own, server: xds, agentSocket: there(this.#spire).socket },
    });
    this.onClose(() => made.stop());
    return made;
  }

  async #serveWeb(): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), "sidecars-"));
    this.onClose(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, "http.sock");
    const echo = await startEcho("web", { path, status: (seen) => (seen.path === "/never" ? "never" : 200) });
    this.onClose(() => echo.close());
    const bytes = createServer((socket) => void socket.on("error", () => undefined).pipe(socket));
    await new Promise<void>((resolve) => bytes.listen(0, "127.0.0.1", resolve));
    this.onClose(() => bytes.close());
    const ports = await freePorts();
    this.#ports = ports;
    const { namespace, cluster } = this;
    await put(cluster, services as Resource, {
      metadata: {
        name: "web",
        namespace,
        labels: { [meshMarks.enabled]: "true" },
        annotations: {
          [meshMarks.application]: `http=unix:${path},bytes=127.0.0.1:${(bytes.address() as AddressInfo).port}`,
          [meshMarks.localPort]: `http=${ports.local},bytes=${ports.localBytes}`,
          [meshMarks.health]: `http=${ports.health}/healthz`,
        },
      },
      spec: {
        ports: [
          { name: "http", port: 80, targetPort: ports.inbound, appProtocol: "http" },
          { name: "bytes", port: 7, targetPort: ports.inboundBytes, appProtocol: "tcp" },
        ],
      },
    });
    await put(cluster, endpointSlices as Resource, {
      metadata: { name: "web-1", namespace, labels: { "kubernetes.io/service-name": "web" } },
      addressType: "IPv4",
      ports: [
        { name: "http", port: ports.inbound, protocol: "TCP" },
        { name: "bytes", port: ports.inboundBytes, protocol: "TCP" },
      ],
      endpoints: [{ addresses: [ownAddress()], conditions: { ready: true } }],
    });
  }
}

async function freePorts(): Promise<Ports> {
  const [inbound, inboundBytes, health] = [await freePort(), await freePort(), await freePort()];
  return { inbound, inboundBytes, health, local: await freePort(), localBytes: await freePort() };
}

function there<T>(part: T | undefined): T {
  if (part === undefined) throw new Error("the bed is not open");
  return part;
}
