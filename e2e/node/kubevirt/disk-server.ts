import { join } from "node:path";
import { request } from "undici";
import { apply } from "../../cluster/kubectl.ts";
import { until } from "../../cluster/wait.ts";
import { type Manifest, writeManifests } from "../../cluster/webhooks.ts";
import type { NodeHandle } from "../handle.ts";
import type { NodeImage } from "../images.ts";

const namespace = "guest-images";

/** A server of disks in the cluster, of an image that has them in it. */
export interface DiskServer {
  readonly name: string;
  /** The port of its Service. */
  readonly port: number;
  /** The port that its program listens at. */
  readonly listens: number;
  /** A path that is answered by 200 when it is ready. */
  readonly ready: string;
}

/** Host as pods write it, with the port where that is not http's own. */
export function diskServerHost({ name, port }: DiskServer): string {
  return `${name}.${namespace}.svc${port === 80 ? "" : `:${port}`}`;
}

/** Starts it, or finds it at work; it answers by its Service then, which kube-proxy may learn of after the pod is ready. */
export async function startDiskServer(node: NodeHandle, server: DiskServer, image: NodeImage): Promise<void> {
  await node.importImages([image]);
  const objects = join(node.cluster.stateDir, "config", `${server.name}.yaml`);
  writeManifests(objects, manifestsOf(server, image.reference));
  await apply(node.run, objects);
  await node.run("rollout", "status", `deployment/${server.name}`, `--namespace=${namespace}`, "--timeout=60s");
  const way = await reachDiskServer(node, server);
  try {
    await until(`the Service ${server.name} to answer`, 20_000, async () => {
      const { statusCode, body } = await request(`http://127.0.0.1:${way.port}${server.ready}`);
      await body.dump();
      return statusCode === 200 ? true : undefined;
    });
  } finally {
    way.close();
  }
}

/** Opens a port of this machine that leads to it. */
export async function reachDiskServer(node: NodeHandle, { name, port }: DiskServer): ReturnType<NodeHandle["reach"]> {
  const address = ["get", "service", name, `--namespace=${namespace}`, "--output=jsonpath={.spec.clusterIP}"];
  return await node.reach(`${(await node.run(...address)).trim()}:${port}`);
}

function manifestsOf({ name, port, listens, ready }: DiskServer, image: string): readonly Manifest[] {
  const labels = { app: name };
  const container = {
    name,
    image,
    imagePullPolicy: "Never",
    ports: [{ containerPort: listens }],
    readinessProbe: { httpGet: { path: ready, port: listens }, periodSeconds: 1 },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
  };
  const pod = {
    enableServiceLinks: false,
    automountServiceAccountToken: false,
    hostUsers: false,
    securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: "RuntimeDefault" } },
    containers: [container],
  };
  return [
    {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: namespace, labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
    } as Manifest,
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name, namespace },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: pod } },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, namespace },
      spec: { selector: labels, ports: [{ port, targetPort: listens }] },
    },
  ];
}
