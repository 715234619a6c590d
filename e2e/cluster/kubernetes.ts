import { existsSync } from "node:fs";
import { join } from "node:path";
import { auditPolicy, encryptionConfiguration } from "./api-server-config.ts";
import type { ClusterContext } from "./context.ts";
import { type Etcd, startEtcd } from "./etcd.ts";
import { writeWhole } from "./files.ts";
import { type HttpsClient, httpsClient } from "./https.ts";
import { writeKubeconfig } from "./kubeconfig-file.ts";
import { type Authority, openPki, type Pki } from "./pki.ts";
import { until } from "./wait.ts";

/** The control plane and what is needed to add to it. */
export interface Kubernetes {
  readonly serverUrl: string;
  /** Signs client certificates (user = common name, groups = organizations) and the API server's own. */
  readonly authority: Authority;
  readonly pki: Pki;
  readonly kubeconfigPath: string;
  readonly auditLogPath: string;
  readonly etcd: Etcd;
  /** kubectl of the same version. */
  readonly kubectl: string;
}

/** What differs between control planes, as values. */
export interface ControlPlaneShape {
  /** Flags of the API server: where it listens and what it knows of nodes. */
  readonly apiServerFlags: readonly string[];
  /** Addresses at which the API server is called besides loopback and its Service. */
  readonly apiServerAddresses: readonly string[];
  /** The controller manager's `--controllers`. */
  readonly controllers: string;
}

/** A control plane without a node: loopback only. */
export const controlPlaneAlone: ControlPlaneShape = {
  apiServerFlags: [
    "--bind-address=127.0.0.1",
    "--advertise-address=127.0.0.1",
    // The service "kubernetes" would point at loopback, which is no valid endpoint address.
    "--endpoint-reconciler-type=none",
  ],
  apiServerAddresses: [],
  // Nobody renews the lease of the played node: its pods would be evicted after some minutes.
  controllers: "*,-node-lifecycle-controller,-taint-eviction-controller",
};

/** The names by which the API server is called, within a cluster and from this machine. */
const apiServerNames = {
  dnsNames: [
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "localhost",
  ],
  addresses: ["127.0.0.1", "10.96.0.1"],
};

/** Starts etcd, API server, controller manager and scheduler, and waits until a namespace gets its service account. */
export async function startKubernetes(
  context: ClusterContext,
  bin: string,
  shape: ControlPlaneShape = controlPlaneAlone,
): Promise<Kubernetes> {
  const { steps } = context;
  const pki = openPki(join(context.stateDir, "pki"));
  const authority = await pki.authority("ca", "nephele-local");
  const etcd = await steps.step("etcd", () => startEtcd(context, bin, pki));
  const serverUrl = `https://127.0.0.1:${await context.ports.take("kube-apiserver")}`;
  const auditLogPath = join(context.logsDir, "audit.log");
  const kubeconfig = async (name: string, commonName: string, organizations: readonly string[]): Promise<string> => {
    const path = join(context.stateDir, `${name}.kubeconfig`);
    const client = await authority.issue({ commonName, organizations });
    writeKubeconfig(path, { server: serverUrl, authority: authority.certificate, client });
    return path;
  };
  const kubeconfigPath = await kubeconfig("admin", "admin", ["system:masters"]);
  const kubernetes = { serverUrl, authority, pki, kubeconfigPath, auditLogPath, etcd, kubectl: join(bin, "kubectl") };

  await startApiServer(context, bin, kubernetes, shape);
  const https = await adminClient(kubernetes);
  try {
    await steps.step("kube-apiserver ready", () => apiServerReady(https));
    // Not earlier: both give up when their roles are not there yet, which the API server makes on its first start.
    await startControllerManager(
      context,
      bin,
      kubernetes,
      shape,
      await kubeconfig("controller-manager", "system:kube-controller-manager", []),
    );
    await startScheduler(context, bin, await kubeconfig("scheduler", "system:kube-scheduler", []));
    await steps.step("controllers at work", () => controllersReady(https));
  } finally {
    await https.close();
  }
  return kubernetes;
}

/** A client of the API server as cluster administrator. */
export async function adminClient(kubernetes: Pick<Kubernetes, "serverUrl" | "authority">): Promise<HttpsClient> {
  const admin = await kubernetes.authority.issue({ commonName: "admin", organizations: ["system:masters"] });
  return httpsClient(kubernetes.serverUrl, kubernetes.authority.certificate, admin);
}

/** Waits until the API server says that it is ready. */
export async function apiServerReady(https: HttpsClient): Promise<void> {
  await until("the API server's /readyz", 60_000, async () => {
    const answer = await https.send("/readyz");
    if (answer.status !== 200) throw new Error(answer.text);
    return true;
  });
}

async function controllersReady(https: HttpsClient): Promise<void> {
  await until("the service account of the namespace default", 60_000, async () =>
    (await https.send("/api/v1/namespaces/default/serviceaccounts/default")).status === 200 ? true : undefined,
  );
}

async function startApiServer(
  context: ClusterContext,
  bin: string,
  kubernetes: Kubernetes,
  shape: ControlPlaneShape,
): Promise<void> {
  const { authority, pki, etcd } = kubernetes;
  const serving = await pki.issued(authority, "kube-apiserver", {
    commonName: "kube-apiserver",
    dnsNames: apiServerNames.dnsNames,
    addresses: [...apiServerNames.addresses, ...shape.apiServerAddresses],
  });
  const accounts = await pki.signingKey("service-accounts");
  // Aggregated API servers trust this authority to say who the user is: it must not be the one that signs users.
  const frontProxyAuthority = await pki.authority("front-proxy-ca", "front-proxy-ca");
  const frontProxy = await pki.issued(frontProxyAuthority, "front-proxy", { commonName: "front-proxy-client" });
  const encryption = join(context.stateDir, "config", "encryption.yaml");
  const audit = join(context.stateDir, "config", "audit-policy.yaml");
  if (!existsSync(encryption)) writeWhole(encryption, encryptionConfiguration());
  writeWhole(audit, auditPolicy());

  context.processes.startProcess({
    name: "kube-apiserver",
    command: join(bin, "kube-apiserver"),
    dependsOn: ["etcd"],
    args: [
      `--etcd-servers=${etcd.endpoint}`,
      `--etcd-cafile=${etcd.authorityFile}`,
      `--etcd-certfile=${etcd.client.certificateFile}`,
      `--etcd-keyfile=${etcd.client.keyFile}`,
      `--encryption-provider-config=${encryption}`,
      ...shape.apiServerFlags,
      `--secure-port=${await context.ports.take("kube-apiserver")}`,
      "--service-cluster-ip-range=10.96.0.0/16",
      `--tls-cert-file=${serving.certificateFile}`,
      `--tls-private-key-file=${serving.keyFile}`,
      `--client-ca-file=${authority.certificateFile}`,
      `--service-account-key-file=${accounts.publicKeyFile}`,
      `--service-account-signing-key-file=${accounts.keyFile}`,
      "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
      `--requestheader-client-ca-file=${frontProxyAuthority.certificateFile}`,
      "--requestheader-allowed-names=front-proxy-client",
      "--requestheader-username-headers=X-Remote-User",
      "--requestheader-group-headers=X-Remote-Group",
      "--requestheader-extra-headers-prefix=X-Remote-Extra-",
      `--proxy-client-cert-file=${frontProxy.certificateFile}`,
      `--proxy-client-key-file=${frontProxy.keyFile}`,
      "--authorization-mode=Node,RBAC",
      // KubeVirt's launcher pods ask for it.
      "--allow-privileged=true",
      `--audit-policy-file=${audit}`,
      `--audit-log-path=${kubernetes.auditLogPath}`,
      // One file for as long as the cluster is there, in MB: at 100, the default, what the proofs count is moved away.
      "--audit-log-maxsize=10000",
      "--profiling=false",
    ],
    // A quarter of its processor time went to collecting garbage, and a machine for tests has more memory than processors.
    env: { GOGC: "300" },
  });
}

async function startControllerManager(
  context: ClusterContext,
  bin: string,
  { pki, authority }: Kubernetes,
  shape: ControlPlaneShape,
  kubeconfig: string,
): Promise<void> {
  const accounts = await pki.signingKey("service-accounts");
  context.processes.startProcess({
    name: "kube-controller-manager",
    command: join(bin, "kube-controller-manager"),
    dependsOn: ["kube-apiserver"],
    args: [
      ...delegated(kubeconfig),
      `--secure-port=${await context.ports.take("kube-controller-manager")}`,
      `--controllers=${shape.controllers}`,
      "--use-service-account-credentials=true",
      `--service-account-private-key-file=${accounts.keyFile}`,
      `--root-ca-file=${authority.certificateFile}`,
      `--cluster-signing-cert-file=${authority.certificateFile}`,
      `--cluster-signing-key-file=${authority.keyFile}`,
      // With the defaults a new namespace waits ten seconds for its service account while everything starts.
      "--kube-api-qps=300",
      "--kube-api-burst=600",
      "--profiling=false",
    ],
  });
}

async function startScheduler(context: ClusterContext, bin: string, kubeconfig: string): Promise<void> {
  context.processes.startProcess({
    name: "kube-scheduler",
    command: join(bin, "kube-scheduler"),
    dependsOn: ["kube-apiserver"],
    args: [
      ...delegated(kubeconfig),
      `--secure-port=${await context.ports.take("kube-scheduler")}`,
      "--kube-api-qps=300",
      "--kube-api-burst=600",
      "--profiling=false",
    ],
  });
}

/** What controller manager and scheduler have in common: one kubeconfig for work and for asking who calls them. */
function delegated(kubeconfig: string): readonly string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    "--bind-address=127.0.0.1",
    "--leader-elect=false",
  ];
}
