import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { checkout } from "../cluster/location.ts";
import { tools } from "../tools/build.ts";

/** Runs Helm and gives what it printed. An error holds what it said. */
export type Helm = (...args: readonly string[]) => Promise<string>;

/** Nephele's chart. */
export const chart = join(checkout, "charts", "nephele");

/** The cache's own Helm, built where it is missing, on the cluster of a kubeconfig. */
export async function openHelm(kubeconfig: string, print: (line: string) => void): Promise<Helm> {
  const { bin } = await tools("helm", print);
  return async (...args) => {
    try {
      const env = { ...process.env, KUBECONFIG: kubeconfig };
      return (await promisify(execFile)(join(bin, "helm"), [...args], { env, maxBuffer: 64 * 1024 * 1024 })).stdout;
    } catch (error) {
      const said = error instanceof Error && "stderr" in error ? String(error.stderr) : String(error);
      // At each start it tells of every symbolic link in the chart.
      const told = said.split("\n").filter((line) => line !== "" && !line.startsWith("level=INFO"));
      throw new Error(`helm ${args.join(" ")}: ${told.join("\n")}`, { cause: error });
    }
  };
}
