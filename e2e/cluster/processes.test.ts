import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { tailOf } from "./log-tail.ts";
import { openProcesses, ProcessEnded, type Processes } from "./processes.ts";
import { until } from "./wait.ts";

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

let stateDir: string;
let processes: Processes;
const open = (): Processes => openProcesses(stateDir, join(stateDir, "logs"));
const script = (name: string, code: string) => ({ name, command: process.execPath, args: ["--eval", code] });
const sleeper = script("sleeper", "setInterval(() => {}, 1000)");

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "processes-"));
  processes = open();
});
afterEach(async () => {
  await open().stopAll();
  rmSync(stateDir, { recursive: true, force: true });
});

describe("a process", () => {
  test("is found again by a later program, and stopped by it", async () => {
    const { pid } = processes.startProcess(sleeper);
    const later = open();
    expect(later.isRunning("sleeper")).toBe(true);
    await later.stopProcess("sleeper");
    expect(later.isRunning("sleeper")).toBe(false);
    // Its number is free once this process, its parent, has been told of its end.
    await until("the end of its number", 10_000, async () => (exists(pid) ? undefined : true));
  });

  test("cannot be started twice under one name", () => {
    processes.startProcess(sleeper);
    expect(() => processes.startProcess(sleeper)).toThrow("sleeper runs already");
  });

  test("starts again as it was", async () => {
    const first = processes.startProcess(sleeper);
    await processes.stopProcess("sleeper");
    const second = processes.startAgain("sleeper");
    expect(second.args).toEqual(first.args);
    expect(processes.isRunning("sleeper")).toBe(true);
  });

  test("that ends by itself fails the work at once, with its last words", async () => {
    processes.startProcess(script("broken", "console.error('no such disk'); process.exit(3)"));
    const never = new Promise<void>(() => {});
    const error = await processes.whileRunning(never).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ProcessEnded);
    expect(String(error)).toMatch(/broken ended \(exit code 3\)[\s\S]*no such disk/);
    expect(() => processes.startProcess(sleeper)).toThrow("broken ended");
  });

  test("that is asked to stop does not fail the work", async () => {
    processes.startProcess(sleeper);
    const work = processes.whileRunning(processes.stopProcess("sleeper").then(() => "done"));
    await expect(work).resolves.toBe("done");
  });

  test("that is stopped and started again at once does not fail the work", async () => {
    processes.startProcess(sleeper);
    await processes.stopProcess("sleeper", { signal: "SIGKILL" });
    processes.startAgain("sleeper");
    await expect(processes.whileRunning(delay(200, "done"))).resolves.toBe("done");
  });

  test("that ignores the request to stop is killed", { timeout: 20_000 }, async () => {
    const deaf = script("deaf", "process.on('SIGTERM', () => {}); console.log('ready'); setInterval(() => {}, 1000)");
    const { logFile } = processes.startProcess(deaf);
    await until("its first word", 10_000, async () => (tailOf(logFile, 1).includes("ready") ? true : undefined));
    const asked = performance.now();
    await processes.stopProcess("deaf");
    expect(performance.now() - asked).toBeGreaterThan(4_000);
    expect(processes.isRunning("deaf")).toBe(false);
  });

  test("whose program does not exist is refused by name", () => {
    expect(() => processes.startProcess({ name: "ghost", command: "/no/such/program", args: [] })).toThrow(
      "ghost cannot be started: /no/such/program",
    );
  });
});
