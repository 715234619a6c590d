import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Builds the xDS library as an npm package: JavaScript with types, because Node strips no types below node_modules. The
 * folder can be packed and published as it is.
 */
export function buildXdsLibrary(target: string): void {
  const root = join(import.meta.dirname, "..");
  const source = join(root, "xds-control-plane");
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  const config = {
    extends: join(root, "tsconfig.json"),
    compilerOptions: {
      noEmit: false,
      allowImportingTsExtensions: false,
      rewriteRelativeImportExtensions: true,
      declaration: true,
      rootDir: source,
      outDir: join(target, "dist"),
      typeRoots: [join(root, "node_modules", "@types")],
    },
    include: [],
    files: [join(source, "index.ts")],
  };
  const configFile = join(target, "tsconfig.json");
  writeFileSync(configFile, JSON.stringify(config));
  execFileSync(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-p", configFile], {
    stdio: "inherit",
  });
  rmSync(configFile);
  mkdirSync(join(target, "dist", "proto", "generated"), { recursive: true });
  cpSync(join(source, "proto", "generated"), join(target, "dist", "proto", "generated"), { recursive: true });
  copyFileSync(join(root, "LICENSE"), join(target, "LICENSE"));
  copyFileSync(join(source, "README.md"), join(target, "README.md"));
  writeFileSync(join(target, "package.json"), `${JSON.stringify(packageOf(root), null, 2)}\n`);
}

function packageOf(root: string): object {
  const { version, license, engines, dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const own = ["@grpc/grpc-js", "prom-client", "protobufjs"].map((name) => [name, dependencies[name]]);
  return {
    name: "@nephele/xds",
    version,
    description: "An xDS control plane: a snapshot for a group of nodes in, a gRPC service out",
    license,
    engines,
    type: "module",
    exports: { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" } },
    files: ["dist"],
    dependencies: Object.fromEntries(own),
  };
}

if (import.meta.main) buildXdsLibrary(process.argv[2] ?? join(import.meta.dirname, "..", ".cache", "xds-library"));
