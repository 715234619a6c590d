import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, type Said } from "../../harness/run.ts";
import { ensureInstalled } from "../../tools/debian.ts";
import type { NodeHandle } from "../handle.ts";

/** A key pair of a person who logs in by ssh. */
export interface LoginKey {
  /** As `authorized_keys` has it. */
  readonly publicKey: string;
  /** Does something in a guest, from this machine in the node's network. Nothing else of this machine is offered. */
  login(node: NodeHandle, who: string, command: string): Promise<Said>;
  forget(): void;
}

/** @throws Error where ssh is missing and cannot be installed */
export async function loginKey(): Promise<LoginKey> {
  await ensureInstalled(
    [{ program: "ssh", package: "openssh-client" }],
    (line) => void process.stderr.write(`${line}\n`),
  );
  const folder = mkdtempSync(join(tmpdir(), "login-"));
  const file = join(folder, "key");
  const made = await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", file]);
  if (!made.ok) throw new Error(`ssh-keygen: ${made.text}`);
  // The guest is new each time, and nobody knows its host key.
  const options = ["BatchMode=yes", "IdentitiesOnly=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null"];
  const asked = ["-F", "none", "-i", file, ...options.flatMap((option) => ["-o", option]), "-o", "LogLevel=ERROR"];
  return {
    publicKey: readFileSync(`${file}.pub`, "utf8").trim(),
    login: (node, who, command) => node.atNode("ssh", [...asked, who, command]),
    forget: () => rmSync(folder, { recursive: true, force: true }),
  };
}
