import { ServerCredentials } from "@grpc/grpc-js";
import { Agent, request } from "undici";
import { expect } from "vitest";
import { XdsServer, type XdsServerOptions } from "../../xds-control-plane/index.ts";
import { problemsOf } from "../../xds-control-plane/mesh/check.ts";
import type { Mesh } from "../../xds-control-plane/mesh/mesh.ts";
import { Compiler } from "../../xds-control-plane/translate/compile.ts";
import { translate } from "../../xds-control-plane/translate/translate.ts";
import type { Echo, EchoBackend, EchoOptions } from "./echo.ts";
import { startEcho } from "./echo.ts";
import { type Envoy, startEnvoy } from "./envoy.ts";

/** An answer that came back through Envoy. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** What the backend saw, where it was a backend that answered. */
  readonly echo: Echo | undefined;
}

export interface Asked {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly scheme?: "http" | "https";
  readonly via?: Agent;
}

/** How long a change may take to reach Envoy and act there. */
export const soon = { timeout: 30_000, interval: 25 };

/** A control plane of ours, real Envoys that it configures from a mesh, and backends. All ends with `close`. */
export class MeshBed {
  readonly rejected: string[] = [];
  readonly #server: XdsServer;
  readonly #compilers = new Map<string, Compiler>();
  readonly #open: (() => Promise<void>)[] = [];
  readonly #agent = new Agent({ connections: 8 });
  #port = 0;

  private constructor(options: Partial<XdsServerOptions>) {
    this.#server = new XdsServer({
      identifier: "mesh-bed",
      admit: ({ node }) => node.id,
      debounce: { quietMs: 0, busyMs: 0 },
      observer: { rejected: (_stream, _response, { message }) => this.rejected.push(message) },
      ...options,
    });
    this.#open.push(
      () => this.#agent.destroy(),
      () => this.#server.close(),
    );
  }

  static async open(options: Partial<XdsServerOptions> = {}): Promise<MeshBed> {
    const bed = new MeshBed(options);
    bed.#port = await bed.#server.listen("127.0.0.1:0", ServerCredentials.createInsecure());
    return bed;
  }

  get snapshots(): XdsServer["snapshots"] {
    return this.#server.snapshots;
  }

  /** Serves the mesh from now on, to each of its classes of proxies. */
  set(mesh: Mesh): void {
    for (const [name, proxy] of mesh.proxies) {
      expect(problemsOf(mesh, proxy)).toEqual([]);
      const compiler = this.#compilers.get(name) ?? new Compiler();
      this.#compilers.set(name, compiler);
      this.#server.snapshots.set(name, compiler.compile(translate(mesh, proxy)));
    }
  }

  /** An Envoy of a class of proxies. */
  async envoy(name: string, apiType: "GRPC" | "DELTA_GRPC" = "DELTA_GRPC"): Promise<Envoy> {
    const made = await startEnvoy({ id: name, xdsPort: this.#port, apiType });
    this.#open.push(() => made.stop());
    return made;
  }

  async backend(name: string, options: EchoOptions = {}): Promise<EchoBackend> {
    const made = await startEcho(name, options);
    this.#open.push(() => made.close());
    return made;
  }

  /** Closes something else when the bed is closed. */
  onClose(close: () => Promise<void>): void {
    this.#open.push(close);
  }

  /** A request to a port of this machine. A failed connection is status 0, with its reason as the body. */
  async ask(port: number, path: string, asked: Asked = {}): Promise<Answer> {
    try {
      const { statusCode, headers, body } = await request(`${asked.scheme ?? "http"}://127.0.0.1:${port}${path}`, {
        method: asked.method ?? "GET",
        headers: asked.headers ?? {},
        body: asked.body ?? null,
        dispatcher: asked.via ?? this.#agent,
      });
      const text = await body.text();
      const isEcho = headers["x-backend"] !== undefined && text !== "";
      return { status: statusCode, headers, body: text, echo: isEcho ? (JSON.parse(text) as Echo) : undefined };
    } catch (error) {
      return { status: 0, headers: {}, body: error instanceof Error ? error.message : String(error), echo: undefined };
    }
  }

  async status(port: number, path: string, asked: Asked = {}): Promise<number> {
    return (await this.ask(port, path, asked)).status;
  }

  async close(): Promise<void> {
    for (const close of this.#open.splice(0).reverse()) await close();
  }
}
