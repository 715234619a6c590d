import { execFile } from "node:child_process";
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { cacheRoot, contentKey } from "#e2e/tools/cache.ts";
import { withLock } from "#e2e/tools/lock.ts";
import { NODE_FLAGS } from "#operator/node-flags.ts";
import type { Contender } from "./subject.ts";

const run = promisify(execFile);
const source = join(import.meta.dirname, "controller-runtime");
const buildArguments = ["build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w"];
const goEnvironment = { CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "-mod=readonly" };

/** Our side. */
export function runtimeContender(nodeFlags: readonly string[] = NODE_FLAGS): Contender {
  return {
    name: "runtime",
    command: process.execPath,
    args: [...nodeFlags, join(import.meta.dirname, "controller-main.ts")],
  };
}

/** The peer, at its best and with the cache as it comes; built into the cache folder unless it is there. */
export async function controllerRuntimeContenders(
  print: (line: string) => void,
): Promise<{ readonly best: Contender; readonly defaults: Contender }> {
  const { stdout: go } = await run("go", ["env", "GOVERSION", "GOOS", "GOARCH"], { cwd: source });
  const key = contentKey(source, [go, JSON.stringify(goEnvironment), ...buildArguments]);
  const program = join(cacheRoot(), "bench", `controller-runtime-${key}`);
  if (!existsSync(program)) {
    await withLock(program, async () => {
      if (existsSync(program)) return;
      print("building the controller-runtime program (a first build takes about a minute)");
      mkdirSync(dirname(program), { recursive: true });
      const env = { ...process.env, ...goEnvironment };
      await run("go", [...buildArguments, "-o", `${program}.building`], { cwd: source, env });
      renameSync(`${program}.building`, program);
    });
  }
  return {
    best: { name: "controller-runtime", command: program, args: [] },
    defaults: { name: "controller-runtime, defaults", command: program, args: ["--strip-managed-fields=false"] },
  };
}

/** What is compared, in words: versions of both sides. */
export async function versions(contender: Contender): Promise<string> {
  const { stdout } = await run("go", ["version", "-m", contender.command]);
  const version = (path: string): string => new RegExp(`\\t${path}\\t(\\S+)`).exec(stdout)?.[1] ?? "unknown";
  const go = /: (go\S+)/.exec(stdout)?.[1] ?? "unknown Go";
  return `Node ${process.versions.node} (V8 ${process.versions.v8}) against controller-runtime ${version("sigs.k8s.io/controller-runtime")} (${go}, client-go ${version("k8s.io/client-go")})`;
}
