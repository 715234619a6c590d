import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** Runs the cache's own kubectl, never the machine's. An error holds what kubectl said. */
export type Kubectl = (...args: readonly string[]) => Promise<string>;

/** The most that kubectl may print, in bytes. */
const outputLimit = 64 * 1024 * 1024;

export function kubectl(program: string, kubeconfig: string): Kubectl {
  return async (...args) => {
    try {
      const options = { maxBuffer: outputLimit, env: { ...process.env, KUBECONFIG: kubeconfig } };
      const { stdout } = await promisify(execFile)(program, [...args], options);
      return stdout;
    } catch (error) {
      const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : String(error);
      throw new Error(`kubectl ${args.join(" ")}: ${said}`, { cause: error });
    }
  };
}

/** Server-side apply of files or folders, as the owner of whatever the local cluster installs. */
export async function apply(run: Kubectl, ...paths: readonly string[]): Promise<void> {
  const files = paths.flatMap((path) => ["-f", path]);
  await run("apply", "--server-side", "--force-conflicts", "--field-manager=nephele-cluster", ...files);
}
