import { execFileSync, spawn } from "node:child_process";
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

  writeFileSync(
    join(stranger, "typed.ts"),
    `import { type Resource, resource, Snapshot } from "@nephele/xds";
const one: Resource = resource("runtime", { name: "a" });
// @ts-expect-error: there is no such kind
resource("cloud", {});
export const version: string = Snapshot.of([one]).view("runtime").version;
`,
  );
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
  execFileSync(process.execPath, [tsc, ...options, "--typeRoots", types, "typed.ts"], { cwd: stranger });

  copyFileSync(join(import.meta.dirname, "example", "serve.mjs"), join(stranger, "serve.mjs"));
  const program = spawn(process.execPath, ["serve.mjs"], { cwd: stranger, stdio: ["pipe", "pipe", "inherit"] });
  try {
    const lines = createInterface(program.stdout)[Symbol.asyncIterator]();
    const client = connect(Number((await lines.next()).value));
    const stream = RawStream.open(client, "delta");
    stream.send("endpoint", { node: { id: "n" }, resourceNamesSubscribe: ["web"] });
    stream.answer(await stream.next());
    program.stdin.write("9090\n");
    expect(JSON.stringify((await stream.next()).resources)).toContain("9090");
    stream.close();
    client.close();
  } finally {
    program.stdin.end();
    program.kill();
  }
  // npm installs the library's own packages.
}, 180_000);
