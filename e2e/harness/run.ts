import { execFile } from "node:child_process";
import { tmpdir } from "node:os";

/** What a command said, on its output or, where it failed, on its error output. */
export interface Said {
  readonly ok: boolean;
  readonly text: string;
}

export interface RunOptions {
  /** An object for its standard input, as JSON. */
  readonly input?: object | undefined;
  /** Its environment beside PATH and a HOME without anybody's settings. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: 50 s. */
  readonly withinMs?: number;
}

/** Runs a person's program, kubectl or openstack, to its end. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Said> {
  const { input, env = {}, withinMs = 50_000 } = options;
  return new Promise((resolve) => {
    const child = execFile(
      program,
      [...args],
      { encoding: "utf8", timeout: withinMs, env: { PATH: process.env["PATH"], HOME: tmpdir(), ...env } },
      (error, stdout, stderr) => {
        const said = error === null ? stdout : stderr || error.message;
        resolve({ ok: error === null, text: said });
      },
    );
    child.stdin?.end(input === undefined ? "" : JSON.stringify(input));
  });
}
