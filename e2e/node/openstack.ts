import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensurePythonEnvironment } from "../cluster/openstack/python-environment.ts";
import type { Said } from "../harness/run.ts";
import type { NodeHandle } from "./handle.ts";

/**
 * Runs the stock client of OpenStack as a tenant does: with the clouds.yaml that the Project was given whose namespace is
 * named.
 */
export async function openstack(node: NodeHandle, namespace: string, ...args: readonly string[]): Promise<Said> {
  const encoded = await node.run("get", "secret/clouds", "-n", namespace, "-o", "jsonpath={.data.clouds\\.yaml}");
  const folder = mkdtempSync(join(tmpdir(), "clouds-"));
  try {
    const file = join(folder, "clouds.yaml");
    writeFileSync(file, Buffer.from(encoded, "base64"), { mode: 0o600 });
    return await openstackAs(node, { OS_CLIENT_CONFIG_FILE: file, OS_CLOUD: namespace }, ...args);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The payload that Barbican holds for a secret of the Project. It is for comparing, and never to be shown. */
export async function payloadOf(node: NodeHandle, namespace: string, href: string): Promise<string> {
  const { ok, text } = await openstack(
    node,
    namespace,
    "secret",
    "get",
    "--payload",
    href,
    "-f",
    "value",
    "-c",
    "Payload",
  );
  if (!ok) throw new Error(`Barbican does not give the payload of ${href}`);
  return text.trim();
}

/** Runs the client with what it is told by its environment (OS_AUTH_URL and the like). */
export async function openstackAs(
  node: NodeHandle,
  env: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<Said> {
  const python = await ensurePythonEnvironment();
  return await node.atNode(python.bin("openstack"), args, { env });
}
