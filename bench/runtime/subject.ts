import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { nodeEnvironment } from "../node-environment.ts";
import { cpuSeconds, memory } from "../usage.ts";

/** A program under measurement: how it is started, and what it is called. */
export interface Contender {
  readonly name: "runtime" | "controller-runtime" | "controller-runtime, defaults";
  readonly command: string;
  /** Before the flags that both have. */
  readonly args: readonly string[];
}

/** One run of a contender. */
export interface Subject {
  readonly contender: Contender;
  /** Resolves with the moment (performance.now()) at which it said the word. */
  said(word: "ready" | "seen" | "collected"): Promise<number>;
  cpuSeconds(): number;
  memory(): { readonly now: number; readonly peak: number };
  /** Resident bytes after it has collected its garbage. */
  memoryCollected(): Promise<number>;
  stop(): Promise<void>;
}

const WORD_TIMEOUT_MS = 600_000;
const STOP_PATIENCE_MS = 10_000;

export interface SubjectOptions {
  readonly kubeconfig: string;
  readonly logFile: string;
  /** Its name in the API server's audit log. */
  readonly userAgent: string;
  readonly workers: number;
  /** It says `seen` when it has looked at so many objects; 0 for never. */
  readonly expect: number;
}

export function start(contender: Contender, options: SubjectOptions): Subject {
  const child = spawn(
    contender.command,
    [
      ...contender.args,
      `--kubeconfig=${options.kubeconfig}`,
      `--user-agent=${options.userAgent}`,
      `--workers=${options.workers}`,
      `--expect=${options.expect}`,
    ],
    { env: nodeEnvironment, stdio: ["ignore", "pipe", openSync(options.logFile, "a", 0o600)] },
  );
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${contender.command} cannot be started`);
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  const words = listen(child, contender.name, options.logFile);
  return {
    contender,
    said: (word) => words.said(word),
    cpuSeconds: () => cpuSeconds(pid),
    memory: () => memory(pid),
    memoryCollected: async () => {
      words.forget("collected");
      process.kill(pid, "SIGUSR2");
      await words.said("collected");
      await delay(500);
      return memory(pid).now;
    },
    stop: async () => {
      words.mayEnd();
      process.off("exit", kill);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, "exit");
      // With time to end by itself, so that a profile that was asked for is written.
      child.kill("SIGTERM");
      const patience = setTimeout(kill, STOP_PATIENCE_MS);
      await exit;
      clearTimeout(patience);
    },
  };
}

function listen(child: ChildProcess, name: string, logFile: string) {
  const heard = new Map<string, PromiseWithResolvers<number>>();
  let mayEnd = false;
  const of = (word: string): PromiseWithResolvers<number> => {
    const known = heard.get(word);
    if (known !== undefined) return known;
    const made = Promise.withResolvers<number>();
    made.promise.catch(() => undefined);
    heard.set(word, made);
    return made;
  };
  if (child.stdout === null) throw new Error("no standard output");
  createInterface({ input: child.stdout }).on("line", (line) => of(line).resolve(performance.now()));
  child.once("exit", (code, signal) => {
    if (mayEnd) return;
    const error = new Error(`${name} ended (${signal ?? `exit code ${code}`}); see ${logFile}`);
    for (const word of ["ready", "seen", "collected"]) of(word).reject(error);
  });
  return {
    mayEnd: (): void => {
      mayEnd = true;
    },
    forget: (word: string): void => void heard.delete(word),
    said: (word: string): Promise<number> => {
      const late = new AbortController();
      const timeout = delay(WORD_TIMEOUT_MS, undefined, { signal: late.signal, ref: false }).then(() => {
        throw new Error(`${name} did not say "${word}" within ${WORD_TIMEOUT_MS / 1000} s; see ${logFile}`);
      });
      return Promise.race([of(word).promise, timeout]).finally(() => late.abort());
    },
  };
}
