import { execFile, spawn } from "node:child_process";
import { promisify } from "node:util";

/** How much of a failing program's words is shown, in characters. */
const messageLimit = 8_000;

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program to its end. @throws Error with the program's name and the last of what it said */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-messageLimit);
    });
  }
  child.once("error", reject);
  child.once("close", (code, signal) => {
    if (code === 0) resolve();
    else reject(new Error(`${command} ${args[0] ?? ""} failed (${signal ?? `exit code ${code}`}):\n${said}`));
  });
  return promise;
}

/** What a program prints. @throws where it cannot be started or fails */
export async function capture(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { stdout } = await promisify(execFile)(command, [...args], {
    ...options,
    env: { ...process.env, ...options.env },
  });
  return stdout.trim();
}
