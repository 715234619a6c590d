/**
 * The stock client of OpenStack as a tenant of the local cluster's node uses it: with the clouds.yaml that the tenant's
 * Project was given. `node e2e/node/openstack.ts team-a secret list`
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clusterLocation } from "../cluster/location.ts";
import { ensurePythonEnvironment } from "../cluster/openstack/python-environment.ts";
import type { Said } from "../harness/run.ts";
import { type NodeHandle, openNode } from "./handle.ts";

/** Runs the client for the Project whose namespace is named. */
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

if (import.meta.main) {
  const [namespace, ...args] = process.argv.slice(2);
  if (namespace === undefined) throw new Error("usage: node e2e/node/openstack.ts NAMESPACE ARGUMENTS…");
  const node = await openNode(clusterLocation(process.env, "node").stateDir);
  const { ok, text } = await openstack(node, namespace, ...args);
  (ok ? process.stdout : process.stderr).write(text);
  process.exitCode = ok ? 0 : 1;
}
