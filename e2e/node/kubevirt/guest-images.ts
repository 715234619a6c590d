import { join } from "node:path";
import { request } from "undici";
import { apply } from "../../cluster/kubectl.ts";
import { until } from "../../cluster/wait.ts";
import { type Manifest, writeManifests } from "../../cluster/webhooks.ts";
import type { NodeHandle } from "../handle.ts";
import { guestImages } from "./images.ts";

const namespace = "guest-images";
const name = "guest-images";
/** Where the server's files are for pods; Images may be imported from there (nephele.ts). */
export const guestImagesUrl = `http://${name}.${namespace}.svc/`;

/** Disks on a web server in the cluster. */
export interface GuestImages {
  /** Where a pod gets a file of the server: `guest.qcow2`, the test guest's disk, or `torn.qcow2`, the beginning of it. */
  url(file: string): string;
  /** `sha256:…` of a file, as the server's image has it. */
  checksum(file: string): Promise<string>;
}

/** Starts the web server with the test guest's disk, or finds it at work. */
export async function serveGuestImages(node: NodeHandle, print: (line: string) => void): Promise<GuestImages> {
  const [image] = [...(await guestImages(print)).values()];
  if (image === undefined) throw new Error("the test guest's image was not built");
  await node.importImages([image]);
  const objects = join(node.cluster.stateDir, "config", "guest-images.yaml");
  writeManifests(objects, server(image.reference));
  await apply(node.run, objects);
  await node.run("rollout", "status", `deployment/${name}`, `--namespace=${namespace}`, "--timeout=60s");
  return {
    url: (file) => `${guestImagesUrl}${file}`,
    checksum: async (file) => `sha256:${await fetched(node, `${file}.sha256`)}`,
  };
}

async function fetched(node: NodeHandle, file: string): Promise<string> {
  const address = ["get", "service", name, `--namespace=${namespace}`, "--output=jsonpath={.spec.clusterIP}"];
  const way = await node.reach(`${(await node.run(...address)).trim()}:80`);
  try {
    return await until(`${file} from the server of guest images`, 20_000, async () => {
      const { statusCode, body } = await request(`http://127.0.0.1:${way.port}/${file}`);
      const text = (await body.text()).trim();
      return statusCode === 200 ? text : undefined;
    });
  } finally {
    way.close();
  }
}

function server(image: string): readonly Manifest[] {
  const labels = { app: name };
  const container = {
    name: "httpd",
    image,
    imagePullPolicy: "Never",
    ports: [{ containerPort: 8080 }],
    readinessProbe: { httpGet: { path: "/guest.qcow2.sha256", port: 8080 }, periodSeconds: 1 },
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
      spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
    },
  ];
}
