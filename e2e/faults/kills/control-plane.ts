import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeClusterFile } from "#e2e/cluster/cluster-file.ts";
import type { ClusterContext } from "#e2e/cluster/context.ts";
import { down } from "#e2e/cluster/down.ts";
import { writeWhole } from "#e2e/cluster/files.ts";
import { apply, kubectl } from "#e2e/cluster/kubectl.ts";
import { checkout } from "#e2e/cluster/location.ts";
import { operatorAccount } from "#e2e/cluster/operator.ts";
import { type KeyPair, openPki } from "#e2e/cluster/pki.ts";
import { openPorts } from "#e2e/cluster/ports.ts";
import { openProcesses } from "#e2e/cluster/processes.ts";
import { serviceAccountCertificate } from "#e2e/cluster/service-account.ts";
import { openSteps } from "#e2e/cluster/steps.ts";
import { allTools, startOnKubernetes } from "#e2e/cluster/up.ts";

/** A Kubernetes with KubeVirt and CDI in which no operator runs. */
export interface ControlPlane {
  readonly stateDir: string;
  readonly logsDir: string;
  readonly serverUrl: string;
  /** The API server's authority, PEM. */
  readonly authority: string;
  /** A client certificate that is the operator's service account. */
  readonly operatorCertificate: KeyPair;
  remove(): Promise<void>;
}

/**
 * Starts a control plane of the test's own. An operator works on all objects of a cluster, so one that is to be killed,
 * and whose writes are to be counted, can share a cluster with nobody: neither with the operator that `make up` runs
 * nor with other tests' objects. Keystone and Barbican are shared: there the installation's id tells things apart.
 */
export async function startControlPlane(): Promise<ControlPlane> {
  const stateDir = mkdtempSync(join(tmpdir(), "nephele-kills-"));
  const logsDir = join(stateDir, "logs");
  const said: string[] = [];
  const print = (line: string): void => void said.push(line);
  const programs = await allTools(print);
  const processes = openProcesses(stateDir, logsDir);
  const context: ClusterContext = { stateDir, logsDir, processes, ports: openPorts(stateDir), steps: openSteps(print) };
  try {
    const file = await processes.whileRunning(startOnKubernetes(context, programs));
    writeClusterFile(file);
    await apply(kubectl(file.kubectl, file.kubeconfigPath), join(checkout, "charts", "nephele", "rbac"));
    const authority = await openPki(join(stateDir, "pki")).authority("ca", "nephele-local");
    return {
      stateDir,
      logsDir,
      serverUrl: file.serverUrl,
      authority: authority.certificate,
      operatorCertificate: await serviceAccountCertificate(authority, operatorAccount),
      remove: () => down({ stateDir, logsDir }),
    };
  } catch (error) {
    await down({ stateDir, logsDir });
    throw new Error(`the control plane did not start:\n${said.join("\n")}`, { cause: error });
  }
}

/** Writes a kubeconfig that names an address and nobody: whoever listens there says who is asking. */
export function writeAnonymousKubeconfig(path: string, server: string): void {
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "proxied", cluster: { server } }],
    users: [{ name: "nobody", user: {} }],
    contexts: [{ name: "proxied", context: { cluster: "proxied", user: "nobody" } }],
    "current-context": "proxied",
  };
  writeWhole(path, JSON.stringify(config));
}
