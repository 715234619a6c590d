import { join } from "node:path";
import { NODE_FLAGS } from "#operator/node-flags.ts";
import { defineResource, type Resource } from "#runtime/api/resource.ts";
import { createClient } from "#runtime/client/client.ts";
import { connect } from "#runtime/client/connection.ts";
import { createTransport } from "#runtime/client/transport.ts";
import { contentKey } from "../tools/cache.ts";
import type { ClusterFile } from "./cluster-file.ts";
import type { ClusterContext } from "./context.ts";
import { apply, kubectl } from "./kubectl.ts";
import { checkout } from "./location.ts";
import { systemNamespace } from "./nephele-objects.ts";
import { openStackManifests } from "./openstack/manifests.ts";
import { openPki } from "./pki.ts";
import { serviceAccountKubeconfig } from "./service-account.ts";

/** The operator among the cluster's processes. */
export const operatorProcess = "operator";
/** The service account that the operator runs as. */
export const operatorAccount = { namespace: systemNamespace, name: "nephele-operator" };
/** By which URLs of consoles are issued; a test that runs the proxy connects to that one's port instead. */
export const consoleUrl = "ws://localhost:6083";
/** What the operator is made of: another content is another operator. */
const SOURCES = ["operator", "runtime", "charts/nephele/rbac"];

const kinds: Readonly<Record<string, Resource>> = {
  Secret: defineResource({ group: "", version: "v1", plural: "secrets", kind: "Secret", namespaced: true }),
  Cloud: defineResource({
    group: "nephele.dev",
    version: "v1alpha1",
    plural: "clouds",
    kind: "Cloud",
    namespaced: true,
  }),
};

/** Changes when the operator's code or rights do. */
export function operatorKey(): string {
  return SOURCES.map((path) => contentKey(join(checkout, path), [])).join("-");
}

/**
 * Runs the operator beside the cluster, as its service account and with that account's rights alone, and gives it the
 * Cloud `default`, which names the local Keystone and Barbican.
 */
export async function startOperator(
  context: Pick<ClusterContext, "processes" | "steps" | "stateDir">,
  file: ClusterFile,
): Promise<void> {
  const { processes, steps, stateDir } = context;
  await steps.step("operator", async () => {
    await apply(kubectl(file.kubectl, file.kubeconfigPath), join(checkout, "charts", "nephele", "rbac"));
    await applyCloud(file);
    const authority = await openPki(join(stateDir, "pki")).authority("ca", "nephele-local");
    const kubeconfig = await serviceAccountKubeconfig(
      { authority, serverUrl: file.serverUrl },
      stateDir,
      operatorAccount,
    );
    if (processes.list().some(({ name }) => name === operatorProcess))
      await processes.stopProcess(operatorProcess, { forget: true });
    processes.startProcess({
      name: operatorProcess,
      command: process.execPath,
      args: [
        ...NODE_FLAGS,
        join(checkout, "operator", "main.ts"),
        ...["--kubeconfig", kubeconfig, "--installation-id", "local", "--identity", "local", "--health-address", "off"],
        ...["--console-url", consoleUrl],
      ],
      dependsOn: ["kube-apiserver"],
    });
    await processes.whileRunning(untilCloudReady(file));
  });
}

/** The operator works, and reaches Keystone and Barbican. */
async function untilCloudReady(file: ClusterFile): Promise<void> {
  if (file.openstack === undefined) return;
  const run = kubectl(file.kubectl, file.kubeconfigPath);
  await run("wait", "--for=condition=Ready", "--timeout=60s", "-n", systemNamespace, "clouds.nephele.dev/default");
}

async function applyCloud(file: ClusterFile): Promise<void> {
  if (file.openstack === undefined) return;
  const connection = await connect({ kubeconfig: file.kubeconfigPath });
  try {
    const kube = createClient(createTransport(connection, { userAgent: "nephele-cluster" }));
    for (const manifest of openStackManifests(file.openstack)) {
      const resource = kinds[manifest.kind];
      if (resource === undefined) throw new Error(`no kind ${manifest.kind} is known here`);
      await kube.apply(resource, manifest, { fieldOwner: "nephele-cluster", force: true });
    }
  } finally {
    await connection.close();
  }
}
