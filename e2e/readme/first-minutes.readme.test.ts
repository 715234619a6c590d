import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkout } from "#e2e/cluster/location.ts";
import { ensurePythonEnvironment } from "#e2e/cluster/openstack/python-environment.ts";
import { tools } from "#e2e/tools/build.ts";
import { commandsUnder } from "./commands.ts";

// What a person does who has read the README: its commands, as they stand there, in a copy of what is in the repository.

const readme = readFileSync(join(checkout, "README.md"), "utf8");
const twoCommands = commandsUnder(readme, "Two commands");
const firstMinutes = commandsUnder(readme, "The first ten minutes");
/** kubectl, the openstack client and npm's make up most of it. */
const WITHIN_MS = 120_000;

let copy: string;
let path: string;

beforeAll(async () => {
  const silent = (): void => {};
  const python = await ensurePythonEnvironment();
  path = [(await tools("kubernetes", silent)).bin, dirname(python.bin("openstack")), process.env["PATH"] ?? ""].join(
    delimiter,
  );
  copy = await copyOfRepository();
});

afterAll(async () => {
  // After a failed test the cluster may still be there; where nothing runs, this does nothing.
  if (copy === undefined) return;
  await type(["make down"]);
  rmSync(copy, { recursive: true, force: true });
});

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

/**
 * Types lines into one shell, as a person would: a failing one ends it.
 * @returns what they printed
 */
async function type(lines: readonly string[]): Promise<{ readonly ok: boolean; readonly said: string }> {
  const { NEPHELE_CLUSTER_DIR: _, KUBECONFIG: __, ...env } = process.env;
  const options = { cwd: copy, env: { ...env, PATH: path }, timeout: WITHIN_MS, maxBuffer: 16 * 1024 * 1024 };
  const script = ["set -euo pipefail", ...lines].join("\n");
  try {
    const { stdout, stderr } = await promisify(execFile)("bash", ["-c", script], options);
    return { ok: true, said: withoutPayload(`${stdout}${stderr}`) };
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { readonly stdout?: string; readonly stderr?: string };
    return { ok: false, said: withoutPayload(`${stdout}${stderr}`) };
  }
}

/** What the example's Secret holds stands in no report of a test: 32 letters and digits on a line of their own. */
function withoutPayload(said: string): string {
  return said.replaceAll(/^[A-Za-z0-9]{32}$/gm, "<payload>");
}

async function expectToWork(lines: readonly string[]): Promise<string> {
  const { ok, said } = await type(lines);
  expect(ok, said).toBe(true);
  return said;
}

const beforeDown = firstMinutes.slice(0, firstMinutes.indexOf("make down"));

describe("the README", () => {
  test("control: without the first of the two commands the rest does not work", async () => {
    expect(await type(twoCommands.slice(1))).toMatchObject({ ok: false });
  });

  test("its commands work, from the first to make down", async () => {
    await expectToWork(twoCommands);
    const said = await expectToWork(beforeDown);
    expect(said).toMatch(/secret\.nephele\.dev\/db-password condition met/);
    expect(said).toMatch(/\/v1\/secrets\/[0-9a-f-]{36}.*db-password/);
    expect(said).toMatch(/^<payload>$/m);
  });

  test("they work once more while everything is there", async () => {
    // So that none afterwards is not said by the blind.
    expect(processesOf(copy).length).toBeGreaterThan(5);
    await expectToWork(twoCommands);
    await expectToWork(beforeDown);
  });

  test("make down leaves no process and no file", async () => {
    expect(firstMinutes.at(-1)).toBe("make down");
    await expectToWork(["make down"]);
    expect(processesOf(copy)).toEqual([]);
    expect(existsSync(join(copy, ".cache/cluster"))).toBe(false);
  });

  test("and after make down they work again", async () => {
    await expectToWork([...twoCommands, ...firstMinutes]);
  });
});

/** Processes whose command line names a path below a folder. */
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
