import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "vitest";
import { checkout } from "#e2e/cluster/location.ts";
import type { ClusterKind } from "#e2e/cluster/wanted.ts";
import { commandsUnder } from "./commands.ts";

const readme = readFileSync(join(checkout, "README.md"), "utf8");
const typed = commandsUnder(readme, "The first ten minutes");
const end = typed.indexOf("make down");

/** What the README tells its reader to type. */
export const commands = {
  start: commandsUnder(readme, "Start"),
  firstMinutes: typed.slice(0, end),
  /** What it adds where guests boot. */
  withNode: typed.slice(end + 1),
};

/** A person who has read the README, in a copy of what is in the repository. */
export interface Reader {
  /** The copy. */
  readonly folder: string;
  /**
   * Types lines into one shell: a failing one ends it.
   * @returns what they printed
   */
  type(lines: readonly string[]): Promise<{ readonly ok: boolean; readonly said: string }>;
  /** Types them, and what they printed. Throws where one failed. */
  expectToWork(lines: readonly string[]): Promise<string>;
  /** Processes whose command line names a path below the copy. */
  processes(): readonly string[];
  /** Takes down what may be there, and removes the copy. */
  leave(): Promise<void>;
}

/** @param withinMs for one shell */
export async function openReader(cluster: ClusterKind, withinMs: number): Promise<Reader> {
  const folder = await copyOfRepository();
  const { NEPHELE_CLUSTER_DIR: _, KUBECONFIG: __, ...others } = process.env;
  const env = { ...others, CLUSTER: cluster };
  const type: Reader["type"] = async (lines) => {
    const options = { cwd: folder, env, timeout: withinMs, maxBuffer: 16 * 1024 * 1024 };
    const script = ["set -euo pipefail", ...lines].join("\n");
    try {
      const { stdout, stderr } = await promisify(execFile)("bash", ["-c", script], options);
      return { ok: true, said: withoutPayload(`${stdout}${stderr}`) };
    } catch (error) {
      const { stdout = "", stderr = "" } = error as { readonly stdout?: string; readonly stderr?: string };
      return { ok: false, said: withoutPayload(`${stdout}${stderr}`) };
    }
  };
  return {
    folder,
    type,
    expectToWork: async (lines) => {
      const { ok, said } = await type(lines);
      expect(ok, said).toBe(true);
      return said;
    },
    processes: () => processesOf(folder),
    leave: async () => {
      await type(["make down"]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The files that git tracks, or would, as they are now; with the packages of this checkout. */
async function copyOfRepository(): Promise<string> {
  const args = ["-C", checkout, "ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const { stdout } = await promisify(execFile)("git", args, { maxBuffer: 16 * 1024 * 1024 });
  const into = mkdtempSync(join(tmpdir(), "nephele-readme-"));
  for (const file of stdout.split("\0")) {
    if (file === "" || !existsSync(join(checkout, file))) continue;
    cpSync(join(checkout, file), join(into, file), { preserveTimestamps: true });
  }
  symlinkSync(join(checkout, "node_modules"), join(into, "node_modules"));
  return into;
}

/** What the example's Secret holds stands in no report of a test: 32 letters and digits on a line of their own. */
function withoutPayload(said: string): string {
  return said.replaceAll(/^[A-Za-z0-9]{32}$/gm, "<payload>");
}

function processesOf(folder: string): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        return line.includes(`${folder}/`) ? [`${pid} ${line}`] : [];
      } catch {
        // It has ended meanwhile.
        return [];
      }
    });
}
