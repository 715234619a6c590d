import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect } from "vitest";
import { freePort } from "../../e2e/cluster/ports.ts";

/** The service as a process of its own, beside a proxy that asks it by a socket. */
export class AuthorizationProcess {
  /** Where it listens. */
  readonly socket: string;
  readonly healthPort: number;
  readonly #folder: string;
  readonly #lines: string[] = [];
  #child: ChildProcess | undefined;

  private constructor(folder: string, healthPort: number) {
    this.#folder = folder;
    this.socket = join(folder, "socket");
    this.healthPort = healthPort;
  }

  static async start(packed: Uint8Array): Promise<AuthorizationProcess> {
    const made = new AuthorizationProcess(mkdtempSync(join(tmpdir(), "authorization-")), await freePort());
    made.put(packed);
    await made.run();
    return made;
  }

  /** Starts it, and waits until it decides. */
  async run(): Promise<void> {
    const main = join(import.meta.dirname, "../main.ts");
    const bundle = join(this.#folder, "bundle.tar.gz");
    const health = `127.0.0.1:${this.healthPort}`;
    const args = [main, "--bundle", bundle, "--listen", `unix:${this.socket}`, "--health-address", health];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    createInterface({ input: child.stdout }).on("line", (line) => this.#lines.push(line));
    this.#child = child;
    await expect.poll(() => this.health(), { timeout: 30_000 }).toBe("ok\n");
  }

  /** Exchanges the bundle. */
  put(packed: Uint8Array): void {
    const path = join(this.#folder, "bundle.tar.gz");
    writeFileSync(`${path}.new`, packed);
    renameSync(`${path}.new`, path);
  }

  /** What /readyz says. */
  async health(): Promise<string> {
    try {
      return await (await fetch(`http://127.0.0.1:${this.healthPort}/readyz`)).text();
    } catch {
      return "away";
    }
  }

  /** Its whole log. */
  get log(): string {
    return this.#lines.join("\n");
  }

  /** Decisions on record, the last first. */
  decisions(): readonly Readonly<Record<string, unknown>>[] {
    const all = this.#lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    return all.filter(({ msg }) => msg === "decided").reverse();
  }

  /** Gives the exit code. */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<unknown> {
    const child = this.#child;
    if (child === undefined) return undefined;
    this.#child = undefined;
    const exited = once(child, "exit");
    child.kill(signal);
    return (await exited)[0];
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true });
  }
}
