import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { BuiltTools } from "../tools/build.ts";
import type { ClusterContext } from "./context.ts";
import { untilEstablished } from "./established.ts";
import type { HttpsClient } from "./https.ts";
import { apply, kubectl } from "./kubectl.ts";
import type { Kubernetes } from "./kubernetes.ts";
import { ensureNamespace } from "./nephele-objects.ts";
import type { Authority } from "./pki.ts";
import { serviceAccountKubeconfig } from "./service-account.ts";
import { listening, until } from "./wait.ts";
import { externalService, type Manifest, manifests, rewired, writeManifests } from "./webhooks.ts";

const namespace = "kubevirt";
const subresources = "/apis/subresources.kubevirt.io/v1";

/** The account as which virt-handler writes; the played node uses it. */
export const handlerAccount = { namespace, name: "kubevirt-handler" } as const;

/** Installs KubeVirt's API, but for what virt-api answers for. */
export async function installKubeVirt(
  context: ClusterContext,
  kubernetes: Kubernetes,
  tools: BuiltTools,
  https: HttpsClient,
): Promise<void> {
  const run = kubectl(kubernetes.kubectl, kubernetes.kubeconfigPath);
  const authority = await authorityOf(kubernetes);
  const manifest = (name: string): string => join(tools.manifests, `${name}.yaml`);
  const objects = join(context.stateDir, "config", "kubevirt.yaml");
  writeManifests(objects, authorityConfigMaps(authority));

  await context.steps.step("KubeVirt's CRDs and RBAC", async () => {
    await ensureNamespace(https, namespace);
    await Promise.all([apply(run, manifest("crds")), apply(run, manifest("rbac"), objects)]);
    await untilEstablished(run, "-f", manifest("crds"));
    await ensureKubeVirtObject(https);
  });
}

/** Starts virt-api and virt-controller and waits until both are at work. */
export async function startKubeVirt(
  context: ClusterContext,
  kubernetes: Kubernetes,
  tools: BuiltTools,
  https: HttpsClient,
): Promise<void> {
  const authority = await authorityOf(kubernetes);
  await startVirtApi(context, kubernetes, tools.bin, authority);
  await serviceAccountKubeconfig(kubernetes, context.stateDir, handlerAccount);
  await context.steps.step("virt-api at work", () => publishVirtApi(context, kubernetes, tools, authority, https));
  await startVirtController(context, kubernetes, tools.bin, authority);
  await context.steps.step("virt-controller at work", () => controllerReady(https));
}

/** The authority by which KubeVirt's parts know each other. */
function authorityOf(kubernetes: Kubernetes): Promise<Authority> {
  return kubernetes.pki.authority("kubevirt-ca", "kubevirt.io");
}

/** The authority as KubeVirt's operator publishes it. */
function authorityConfigMaps(authority: Authority): readonly Manifest[] {
  return ["kubevirt-ca", "kubevirt-export-ca", "kubevirt-backup-ca"].map((name) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace },
    data: { "ca-bundle": authority.certificate },
  }));
}

/** KubeVirt reads its configuration from this object, but only once its operator, which is not here, called it deployed. */
async function ensureKubeVirtObject(https: HttpsClient): Promise<void> {
  const path = `/apis/kubevirt.io/v1/namespaces/${namespace}/kubevirts`;
  const contentType = "application/merge-patch+json";
  await https.json(`${path}/kubevirt?fieldManager=nephele-cluster&force=true`, {
    method: "PATCH",
    contentType: "application/apply-patch+yaml",
    body: {
      apiVersion: "kubevirt.io/v1",
      kind: "KubeVirt",
      metadata: { name: "kubevirt", namespace },
      spec: {
        configuration: { developerConfiguration: { featureGates: ["Snapshot"] }, vmRolloutStrategy: "LiveUpdate" },
      },
    },
  });
  const body = { status: { phase: "Deployed", defaultArchitecture: "amd64" } };
  await https.json(`${path}/kubevirt/status`, { method: "PATCH", contentType, body });
}

async function startVirtApi(
  context: ClusterContext,
  kubernetes: Kubernetes,
  bin: string,
  authority: Authority,
): Promise<void> {
  const { pki } = kubernetes;
  const serving = await pki.issued(authority, "virt-api", serviceSubject("virt-api"));
  const handlerClient = await pki.issued(authority, "virt-api-to-handler", {
    commonName: "kubevirt.io:system:client:virt-handler",
  });
  const account = { namespace, name: "kubevirt-apiserver" };
  context.processes.startProcess({
    name: "virt-api",
    command: join(bin, "virt-api"),
    env: temporaryFolder(context),
    dependsOn: ["kube-apiserver"],
    args: [
      `--kubeconfig=${await serviceAccountKubeconfig(kubernetes, context.stateDir, account)}`,
      "--listen=127.0.0.1",
      `--port=${await context.ports.take("virt-api")}`,
      `--console-server-port=${await context.ports.take("virt-handler-console")}`,
      // Webhooks and API services are objects that this program applies.
      "--subresources-only",
      `--tls-cert-file=${serving.certificateFile}`,
      `--tls-key-file=${serving.keyFile}`,
      `--handler-cert-file=${handlerClient.certificateFile}`,
      `--handler-key-file=${handlerClient.keyFile}`,
    ],
  });
}

async function startVirtController(
  context: ClusterContext,
  kubernetes: Kubernetes,
  bin: string,
  authority: Authority,
): Promise<void> {
  const serving = await kubernetes.pki.issued(authority, "virt-controller", serviceSubject("virt-controller"));
  const account = { namespace, name: "kubevirt-controller" };
  context.processes.startProcess({
    name: "virt-controller",
    command: join(bin, "virt-controller"),
    env: temporaryFolder(context),
    dependsOn: ["kube-apiserver", "virt-api"],
    args: [
      `--kubeconfig=${await serviceAccountKubeconfig(kubernetes, context.stateDir, account)}`,
      "--listen=127.0.0.1",
      `--port=${await context.ports.take("virt-controller")}`,
      // Names only: there is no kubelet to pull them.
      "--launcher-image=kubevirt/virt-launcher",
      "--exporter-image=kubevirt/virt-exportserver",
      `--prom-cert-file=${serving.certificateFile}`,
      `--prom-key-file=${serving.keyFile}`,
    ],
  });
}

/** KubeVirt leaves folders behind in the machine's folder for temporary files; here they go with the cluster. */
function temporaryFolder({ stateDir }: ClusterContext): { readonly TMPDIR: string } {
  const folder = join(stateDir, "tmp");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return { TMPDIR: folder };
}

function serviceSubject(service: string) {
  const dnsNames = [`${service}.${namespace}.svc`, `${service}.${namespace}.pod.cluster.local`, "localhost"];
  return { commonName: `${service}.${namespace}.pod.cluster.local`, dnsNames, addresses: ["127.0.0.1"] };
}

/**
 * Tells the API server of virt-api, once it listens: an API service that cannot be reached at first is looked at again
 * only after half a minute.
 */
async function publishVirtApi(
  context: ClusterContext,
  kubernetes: Kubernetes,
  tools: BuiltTools,
  authority: Authority,
  https: HttpsClient,
): Promise<void> {
  const port = await context.ports.take("virt-api");
  await listening("virt-api", port);
  const virtApi = { name: "virt-api", namespace, port, authority: authority.certificate };
  const objects = join(context.stateDir, "config", "kubevirt-admission.yaml");
  const admission = manifests(readFileSync(join(tools.manifests, "admission.yaml"), "utf8"));
  writeManifests(objects, [externalService(virtApi), ...rewired(admission, virtApi)]);
  await apply(kubectl(kubernetes.kubectl, kubernetes.kubeconfigPath), objects);
  await until("virt-api behind the API server", 60_000, async () => {
    const { status, text } = await https.send(`${subresources}/healthz`);
    if (status !== 200) throw new Error(`${status}: ${text.slice(0, 300)}`);
    return true;
  });
}

/** virt-controller's controllers run once it holds the lease; a VM made before that would only wait. */
async function controllerReady(https: HttpsClient): Promise<void> {
  await until("virt-controller's lease", 60_000, async () => {
    const lease = await https.json(`/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/virt-controller`);
    return holderOf(lease) === undefined ? undefined : true;
  });
}

function holderOf(lease: unknown): string | undefined {
  const { spec } = lease as { readonly spec?: { readonly holderIdentity?: string } };
  return spec?.holderIdentity === "" ? undefined : spec?.holderIdentity;
}
