import { execFileSync, type SpawnSyncReturns, spawn, spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildXdsLibrary } from "../tools/build-xds-library.ts";
import { connect, RawStream } from "./conformance/raw-client.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "xds-library-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const npm = (args: readonly string[], cwd: string): string => execFileSync("npm", args, { cwd, encoding: "utf8" });

test("a stranger's program installs the packed library, type-checks against it, and serves", async () => {
  const built = join(folder, "built");
  const stranger = join(folder, "stranger");
  buildXdsLibrary(built);
  npm(["pack", "--silent", "--pack-destination", folder], built);
  execFileSync("mkdir", [stranger]);
  writeFileSync(join(stranger, "package.json"), JSON.stringify({ name: "stranger", type: "module", private: true }));
  const { version } = JSON.parse(readFileSync(join(built, "package.json"), "utf8"));
  const tarball = join(folder, `nephele-xds-${version}.tgz`);
  npm(["install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error", tarball], stranger);

  const program = (kind: string): string => `import { type Resource, resource, Snapshot } from "@nephele/xds";
const one: Resource = resource("${kind}", { name: "a" });
export const version: string = Snapshot.of([one]).view("runtime").version;
`;
  writeFileSync(join(stranger, "typed.ts"), program("runtime"));
  writeFileSync(join(stranger, "mistyped.ts"), program("cloud"));
  const tsc = join(import.meta.dirname, "..", "node_modules", "typescript", "bin", "tsc");
  const options = [
    "--noEmit",
    "--strict",
    "--module",
    "nodenext",
    "--target",
    "esnext",
    "--skipLibCheck",
    "--types",
    "node",
  ];
  const types = join(import.meta.dirname, "..", "node_modules", "@types");
  const check = (file: string): SpawnSyncReturns<string> =>
    spawnSync(process.execPath, [tsc, ...options, "--typeRoots", types, file], { cwd: stranger, encoding: "utf8" });
  expect(check("typed.ts")).toMatchObject({ status: 0, stdout: "" });
  // Control: the types are there, and refuse what is no kind.
  expect(check("mistyped.ts").stdout).toContain("mistyped.ts(2,32): error TS2345: Argument of type '\"cloud\"'");

  copyFileSync(join(import.meta.dirname, "example", "serve.mjs"), join(stranger, "serve.mjs"));
  const serving = spawn(process.execPath, ["serve.mjs"], { cwd: stranger, stdio: ["pipe", "pipe", "inherit"] });
  try {
    const lines = createInterface(serving.stdout)[Symbol.asyncIterator]();
    const client = connect(Number((await lines.next()).value));
    const stream = RawStream.open(client, "delta");
    stream.send("endpoint", { node: { id: "n" }, resourceNamesSubscribe: ["web"] });
    stream.answer(await stream.next());
    serving.stdin.write("9090\n");
    expect(JSON.stringify((await stream.next()).resources)).toContain("9090");
    stream.close();
    client.close();
  } finally {
    serving.stdin.end();
    serving.kill();
  }
  // npm installs the library's own packages.
}, 180_000);
