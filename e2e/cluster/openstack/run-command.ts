import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { tailOf } from "../log-tail.ts";

/** A program that does one thing and ends. */
export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  /** Both outputs are appended here. */
  readonly logFile: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Written to its standard input; the place for what must not be an argument. */
  readonly input?: string;
  readonly uid?: number;
  readonly gid?: number;
}

/** Runs a program to its end. Throws with the last lines of its log when it cannot be started or fails. */
export async function runCommand(spec: Command): Promise<void> {
  mkdirSync(dirname(spec.logFile), { recursive: true });
  const log = openSync(spec.logFile, "a", 0o600);
  const ended = Promise.withResolvers<string | undefined>();
  try {
    const child = spawn(spec.command, spec.args, {
      stdio: ["pipe", log, log],
      env: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "", LANG: "C.UTF-8", ...spec.env },
      ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
      ...(spec.uid === undefined ? {} : { uid: spec.uid }),
      ...(spec.gid === undefined ? {} : { gid: spec.gid }),
    });
    child.once("error", (error) => ended.resolve(error.message));
    child.once("exit", (code, signal) => ended.resolve(code === 0 ? undefined : (signal ?? `exit code ${code}`)));
    // A program that does not read its input closes the pipe early; its exit code says whether that was an error.
    child.stdin?.once("error", () => undefined);
    child.stdin?.end(spec.input ?? "");
  } finally {
    closeSync(log);
  }
  const failure = await ended.promise;
  if (failure === undefined) return;
  const line = [spec.command, ...spec.args].join(" ");
  throw new Error(`${line} failed (${failure}). Its log, ${spec.logFile}, ends with:\n${tailOf(spec.logFile, 20)}`);
}
