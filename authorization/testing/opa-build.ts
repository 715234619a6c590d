import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { tools } from "../../e2e/tools/build.ts";

export interface Source {
  readonly rego: string;
  /** The rule that decides, such as `nephele/authz/decision`. */
  readonly entrypoint: string;
  readonly revision: string;
  readonly data?: unknown;
}

/** What `opa build -t wasm` makes of a policy. */
export async function opaBuild({ rego, entrypoint, revision, data }: Source): Promise<Uint8Array> {
  const { bin } = await tools("opa", (line) => process.stderr.write(`${line}\n`));
  const folder = mkdtempSync(join(tmpdir(), "opa-build-"));
  try {
    writeFileSync(join(folder, "policy.rego"), rego);
    if (data !== undefined) writeFileSync(join(folder, "data.json"), JSON.stringify(data));
    const sources = data === undefined ? ["policy.rego"] : ["policy.rego", "data.json"];
    const args = ["build", "-t", "wasm", "-e", entrypoint, "-r", revision, "-o", "bundle.tar.gz", ...sources];
    await promisify(execFile)(join(bin, "opa"), args, { cwd: folder });
    return readFileSync(join(folder, "bundle.tar.gz"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
