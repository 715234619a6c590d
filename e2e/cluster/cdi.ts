import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { BuiltTools } from "../tools/build.ts";
import type { ClusterContext } from "./context.ts";
import { untilEstablished } from "./established.ts";
import type { HttpsClient } from "./https.ts";
import { apply, kubectl } from "./kubectl.ts";
import type { Kubernetes } from "./kubernetes.ts";
import { ensureNamespace } from "./nephele-objects.ts";
import { serviceAccountKubeconfig } from "./service-account.ts";
import { listening, until } from "./wait.ts";
import { externalService, type LocalService, manifests, rewired, writeManifests } from "./webhooks.ts";

const namespace = "cdi";
const applied = { method: "PATCH", contentType: "application/apply-patch+yaml" } as const;
const owner = "fieldManager=nephele-cluster&force=true";

/** The default storage class. Nothing provisions its volumes: tests make them. */
export const playedStorageClass = "played";

/** Installs CDI's API. Before virt-controller starts: without it KubeVirt does without DataVolumes. */
export async function installCdi(
  context: ClusterContext,
  kubernetes: Kubernetes,
  tools: BuiltTools,
  https: HttpsClient,
): Promise<void> {
  const run = kubectl(kubernetes.kubectl, kubernetes.kubeconfigPath);
  const [crds, rbac] = ["crds", "rbac"].map((name) => join(tools.manifests, `${name}.yaml`)) as [string, string];
  await context.steps.step("CDI's CRDs and RBAC", async () => {
    await ensureNamespace(https, namespace);
    await apply(run, crds, rbac);
    await untilEstablished(run, "-f", crds);
    await ensureObjects(https);
  });
}

/** Starts cdi-apiserver (admission) and cdi-controller, and waits until both are at work. */
export async function startCdi(
  context: ClusterContext,
  kubernetes: Kubernetes,
  tools: BuiltTools,
  https: HttpsClient,
): Promise<void> {
  const authority = await kubernetes.pki.authority("cdi-ca", "cdi");
  const port = await context.ports.take("cdi-apiserver");
  const service: LocalService = { name: "cdi-api", namespace, port, authority: authority.certificate };
  const serving = await kubernetes.pki.issued(authority, "cdi-apiserver", {
    commonName: "cdi-api",
    dnsNames: ["cdi-api.cdi.svc", "localhost"],
    addresses: ["127.0.0.1"],
  });
  const account = (name: string): Promise<string> =>
    serviceAccountKubeconfig(kubernetes, context.stateDir, { namespace, name });

  context.processes.startProcess({
    name: "cdi-apiserver",
    command: join(tools.bin, "cdi-apiserver"),
    dependsOn: ["kube-apiserver"],
    args: [
      `--kubeconfig=${await account("cdi-apiserver")}`,
      `--port=${port}`,
      `--tls-cert-file=${serving.certificateFile}`,
      `--tls-key-file=${serving.keyFile}`,
    ],
  });
  await listening("cdi-apiserver", port);
  const objects = join(context.stateDir, "config", "cdi.yaml");
  const admission = manifests(readFileSync(join(tools.manifests, "admission.yaml"), "utf8"));
  writeManifests(objects, [externalService(service), ...rewired(admission, service)]);
  await apply(kubectl(kubernetes.kubectl, kubernetes.kubeconfigPath), objects);
  await context.steps.step("cdi-apiserver at work", () =>
    until("cdi-apiserver behind the API server", 60_000, async () => {
      const { status, text } = await https.send("/apis/upload.cdi.kubevirt.io/v1beta1");
      if (status !== 200) throw new Error(`${status}: ${text.slice(0, 300)}`);
      return true;
    }),
  );

  // It reads the key that cdi-apiserver has made by now.
  context.processes.startProcess({
    name: "cdi-controller",
    command: join(tools.bin, "cdi-controller"),
    dependsOn: ["kube-apiserver", "cdi-apiserver"],
    args: [`--kubeconfig=${await account("cdi-sa")}`],
  });
  await context.steps.step("cdi-controller at work", () =>
    until("the StorageProfile that cdi-controller makes", 60_000, async () => {
      const profile = await https.send(`/apis/cdi.kubevirt.io/v1beta1/storageprofiles/${playedStorageClass}`);
      return profile.status === 200 && profile.text.includes('"storageClass"') ? true : undefined;
    }),
  );
}

/** CDI's configuration, and a storage class whose profile says what its volumes can do. */
async function ensureObjects(https: HttpsClient): Promise<void> {
  await https.json(`/apis/cdi.kubevirt.io/v1beta1/cdis/cdi?${owner}`, {
    ...applied,
    body: {
      apiVersion: "cdi.kubevirt.io/v1beta1",
      kind: "CDI",
      metadata: { name: "cdi" },
      spec: { config: { featureGates: ["HonorWaitForFirstConsumer"] } },
    },
  });
  await https.json(`/apis/storage.k8s.io/v1/storageclasses/${playedStorageClass}?${owner}`, {
    ...applied,
    body: {
      apiVersion: "storage.k8s.io/v1",
      kind: "StorageClass",
      metadata: {
        name: playedStorageClass,
        annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
      },
      provisioner: "nephele.dev/played",
      volumeBindingMode: "Immediate",
    },
  });
  await https.json(`/apis/cdi.kubevirt.io/v1beta1/storageprofiles/${playedStorageClass}?${owner}`, {
    ...applied,
    body: {
      apiVersion: "cdi.kubevirt.io/v1beta1",
      kind: "StorageProfile",
      metadata: { name: playedStorageClass },
      spec: { claimPropertySets: [{ accessModes: ["ReadWriteOnce"], volumeMode: "Filesystem" }] },
    },
  });
}
