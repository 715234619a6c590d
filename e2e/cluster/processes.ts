import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { tailOf } from "./log-tail.ts";
import {
  isAlive,
  type ProcessRecord,
  type ProcessSpec,
  processRecords,
  startTicksOf,
  stopWaves,
} from "./process-records.ts";

export type { ProcessRecord, ProcessSpec } from "./process-records.ts";

/** How long a process may take to stop when asked, in milliseconds, before it is killed. */
const stopGraceMs = 5_000;

/** Thrown when a process ends that ought to run on. The message ends with the last lines of its log. */
export class ProcessEnded extends Error {
  override readonly name = "ProcessEnded";
  readonly processName: string;

  constructor(processName: string, how: string, logFile: string) {
    super(`${processName} ended (${how}). Its log, ${logFile}, ends with:\n${tailOf(logFile, 20)}`);
    this.processName = processName;
  }
}

/**
 * The processes of one cluster. They are detached: they outlive the program that started them, and any later program
 * finds them again through the state folder.
 */
export interface Processes {
  /** Starts a process and remembers it. Throws when one of that name runs already. */
  startProcess(spec: ProcessSpec): ProcessRecord;
  /** Asks a process to stop, kills it after five seconds, and forgets it if `forget` is set. No error when it is gone. */
  stopProcess(name: string, options?: { readonly signal?: NodeJS.Signals; readonly forget?: boolean }): Promise<void>;
  /** Starts a process again that was stopped and not forgotten, as it was started first. */
  startAgain(name: string): ProcessRecord;
  /** Stops everything, dependents first, and forgets it. */
  stopAll(): Promise<void>;
  list(): readonly ProcessRecord[];
  isRunning(name: string): boolean;
  /** Waits for the work, but throws ProcessEnded as soon as a process started here ends unasked. */
  whileRunning<T>(work: Promise<T>): Promise<T>;
}

/** The processes whose state is in stateDir and whose logs, unless they say otherwise, go to logsDir. */
export function openProcesses(stateDir: string, logsDir: string): Processes {
  const records = processRecords(stateDir);
  /** The pids that were asked to end: their exit, which may be told later than the next start, is no failure. */
  const ending = new Set<number>();
  const failures = Promise.withResolvers<never>();
  failures.promise.catch(() => undefined);
  let failure: ProcessEnded | undefined;
  const fail = (ended: ProcessEnded): void => {
    failure ??= ended;
    failures.reject(ended);
  };

  const startProcess = (spec: ProcessSpec): ProcessRecord => {
    // The rest of a start that has failed must not go on behind the back of whoever stops it.
    if (failure !== undefined) throw failure;
    const before = records.find(spec.name);
    if (before !== undefined && isAlive(before)) {
      throw new Error(`${spec.name} runs already with pid ${before.pid}; stop it first`);
    }
    const logFile = spec.logFile ?? join(logsDir, `${spec.name}.log`);
    const child = spawnDetached(spec, logFile);
    const pid = child.pid;
    if (pid === undefined) {
      child.once("error", () => undefined);
      throw new Error(`${spec.name} cannot be started: ${spec.command} is not there or may not be run`);
    }
    ending.delete(pid);
    child.once("exit", (code, signal) => {
      if (!ending.has(pid)) fail(new ProcessEnded(spec.name, describe(code, signal), logFile));
    });
    const record = { ...spec, logFile, pid, startTicks: startTicksOf(pid) ?? "" };
    records.put(record);
    return record;
  };

  const stopProcess: Processes["stopProcess"] = async (name, options = {}) => {
    const record = records.find(name);
    if (record === undefined) return;
    ending.add(record.pid);
    await end(record, options.signal ?? record.stopSignal ?? "SIGTERM");
    if (options.forget === true) records.remove(name);
  };

  return {
    startProcess,
    stopProcess,
    startAgain: (name) => {
      const record = records.find(name);
      if (record === undefined) throw new Error(`${name} was never started in ${stateDir}`);
      const { pid: _pid, startTicks: _startTicks, ...spec } = record;
      return startProcess(spec);
    },
    stopAll: async () => {
      for (const wave of stopWaves(records.all())) {
        await Promise.all(wave.map((name) => stopProcess(name, { forget: true })));
      }
    },
    list: () => records.all(),
    isRunning: (name) => {
      const record = records.find(name);
      return record !== undefined && isAlive(record);
    },
    whileRunning: (work) => Promise.race([work, failures.promise]),
  };
}

function spawnDetached(spec: ProcessSpec, logFile: string): ChildProcess {
  mkdirSync(join(logFile, ".."), { recursive: true });
  const log = openSync(logFile, "a", 0o600);
  try {
    const child = spawn(spec.command, spec.args, {
      detached: true,
      stdio: ["ignore", log, log],
      env: { ...inherited(), ...spec.env },
      ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
      ...(spec.uid === undefined ? {} : { uid: spec.uid }),
      ...(spec.gid === undefined ? {} : { gid: spec.gid }),
    });
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

/** A daemon gets no more of the caller's environment than it needs: no proxy, kubeconfig or credential by accident. */
function inherited(): Record<string, string> {
  const names = ["PATH", "HOME", "LANG", "TMPDIR"];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name] ?? ""]] : [])));
}

async function end(record: ProcessRecord, signal: NodeJS.Signals): Promise<void> {
  const deadline = Date.now() + stopGraceMs;
  send(record, signal);
  while (isAlive(record) && Date.now() < deadline) await delay(20);
  if (!isAlive(record)) return;
  send(record, "SIGKILL");
  while (isAlive(record)) await delay(20);
}

/** Signals a process only while it is the one that was recorded, so a pid used anew is never hit. */
function send(record: ProcessRecord, signal: NodeJS.Signals): void {
  if (!isAlive(record)) return;
  try {
    process.kill(record.pid, signal);
  } catch (error) {
    if (isAlive(record)) throw error;
  }
}

function describe(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `exit code ${code ?? "unknown"}` : `signal ${signal}`;
}
