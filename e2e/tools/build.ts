import { execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { cacheRoot, contentKey } from "./cache.ts";
import { ensureInstalled } from "./debian.ts";
import { withLock } from "./lock.ts";
import {
  buildArguments,
  type ToolModule,
  type ToolModuleName,
  toolModuleNames,
  toolModules,
  withCKey,
} from "./modules.ts";

/** Where the result of a tool module stands. */
export interface BuiltTools {
  /** The folder of the programs. */
  readonly bin: string;
  /** The folder of generated objects; empty for a module that writes none. */
  readonly manifests: string;
}

/** Nothing of the caller's Go settings may change a result that the cache's key does not know of. */
const goEnvironment = { CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "-mod=readonly" };

/** How much of a failing program's messages is shown, in characters. */
const messageLimit = 8_000;

/**
 * The programs of a tool module, built if the cache does not hold them. `print` gets a line when something is built; a
 * hit says nothing. Two processes that need the same module build it once.
 */
export async function tools(name: ToolModuleName, print: (line: string) => void): Promise<BuiltTools> {
  const module: ToolModule = toolModules[name];
  const source = join(import.meta.dirname, module.folder ?? name);
  const decisive = [await goVersion(), JSON.stringify(goEnvironment), ...buildArguments(module), ...withCKey(module)];
  const key = contentKey(source, decisive);
  const folder = join(cacheRoot(), "tools", `${name}-${key}`);
  if (!existsSync(folder)) {
    const waiting = (): void => print(`${name}: another process builds it, waiting`);
    await withLock(folder, () => buildOnce(module, source, folder, print), waiting);
  }
  return { bin: join(folder, "bin"), manifests: join(folder, "manifests") };
}

async function buildOnce(
  module: ToolModule,
  source: string,
  folder: string,
  print: (line: string) => void,
): Promise<void> {
  if (existsSync(folder)) return;
  const start = performance.now();
  print(`${module.name}: building ${basename(folder)} (a first build takes about ${module.coldBuild})`);
  mkdirSync(dirname(folder), { recursive: true });
  const temporary = mkdtempSync(`${folder}.building-`);
  try {
    for (const part of ["bin", "manifests"]) mkdirSync(join(temporary, part));
    const output = `-o=${join(temporary, "bin")}/`;
    if (module.packages.length > 0) await run("go", [...buildArguments(module), output, ...module.packages], source);
    if (module.withC !== undefined) {
      const { needs, tags, packages } = module.withC;
      await ensureInstalled(needs, print);
      const tagged = `-tags=${tags.join(",")}`;
      await run("go", [...buildArguments(module), output, tagged, ...packages], source, { CGO_ENABLED: "1" });
    }
    if (module.writesManifests) {
      await run(join(temporary, "bin", "manifests"), [join(temporary, "manifests")], source);
    }
    renameSync(temporary, folder);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw error;
  }
  print(`${module.name}: built in ${((performance.now() - start) / 1000).toFixed(0)} s`);
}

async function goVersion(): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)("go", ["env", "GOVERSION", "GOOS", "GOARCH"], {
      cwd: import.meta.dirname,
    });
    return stdout.trim();
  } catch (error) {
    throw new Error(
      "Go is needed to build the local cluster's programs: install Go 1.26.6 or later (https://go.dev/dl)",
      {
        cause: error,
      },
    );
  }
}

/** Runs a program to its end; an error holds its name and the last of what it said. */
function run(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const child = spawn(command, args, {
    cwd,
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, ...goEnvironment, ...env },
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-messageLimit);
  });
  child.once("error", reject);
  child.once("close", (code, signal) => {
    if (code === 0) resolve();
    else reject(new Error(`${basename(command)} in ${cwd} failed (${signal ?? `exit code ${code}`}):\n${said}`));
  });
  return promise;
}

function isModuleName(text: string): text is ToolModuleName {
  return toolModuleNames.some((name) => name === text);
}

async function main(wanted: string): Promise<void> {
  if (wanted !== "all" && !isModuleName(wanted)) {
    throw new Error(`usage: node e2e/tools/build.ts ${toolModuleNames.join("|")}|all`);
  }
  for (const name of wanted === "all" ? toolModuleNames : [wanted]) {
    await tools(name, (line) => process.stderr.write(`${line}\n`));
  }
}

if (import.meta.main) {
  try {
    await main(process.argv[2] ?? "");
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
