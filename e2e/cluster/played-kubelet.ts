import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Dispatcher, request } from "undici";
import type { ClusterContext } from "./context.ts";
import { agentFor } from "./https.ts";
import type { Kubernetes } from "./kubernetes.ts";
import { playedNodeName } from "./node.ts";

// What a kubelet must do even where nothing runs: confirm that a pod that is to be deleted has ended. Without it pods
// on the played node, and their namespaces, would stay for ever. Pod status is left to the tests. It
// speaks to the API server by itself and not through Nephele's runtime: a fault there must not look like one here.

interface Pod {
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
    readonly deletionTimestamp?: string;
  };
}

/** Starts the played kubelet as a process of the cluster, with the rights of a kubelet of that node. */
export async function startPlayedKubelet(context: ClusterContext, kubernetes: Kubernetes): Promise<void> {
  const certificate = await kubernetes.pki.issued(kubernetes.authority, "played-kubelet", {
    commonName: `system:node:${playedNodeName}`,
    organizations: ["system:nodes"],
  });
  context.processes.startProcess({
    name: "played-kubelet",
    command: process.execPath,
    args: [
      fileURLToPath(import.meta.url),
      kubernetes.serverUrl,
      kubernetes.authority.certificateFile,
      certificate.certificateFile,
      certificate.keyFile,
    ],
    dependsOn: ["kube-apiserver"],
  });
}

/** Watches the node's pods for ever; an API server that is away is asked again every half second. */
async function serve(server: string, dispatcher: Dispatcher): Promise<never> {
  for (;;) {
    try {
      await watchPods(server, dispatcher);
    } catch (error) {
      process.stderr.write(`${new Date().toISOString()} ${error instanceof Error ? error.message : String(error)}\n`);
    }
    await delay(500);
  }
}

/** One watch, which begins with the pods that there are, up to its end. */
async function watchPods(server: string, dispatcher: Dispatcher): Promise<void> {
  const query = `fieldSelector=spec.nodeName%3D${playedNodeName}&watch=true&timeoutSeconds=600`;
  const { statusCode, body } = await request(`${server}/api/v1/pods?${query}`, { dispatcher });
  if (statusCode !== 200) throw new Error(`watch of pods: ${statusCode}: ${await body.text()}`);
  let rest = "";
  for await (const chunk of body.setEncoding("utf8")) {
    const lines = (rest + String(chunk)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const { type, object } = JSON.parse(line) as { readonly type: string; readonly object: Pod };
      if (type === "ERROR") return;
      if (type !== "DELETED" && object.metadata.deletionTimestamp !== undefined)
        await confirm(server, dispatcher, object);
    }
  }
}

/** Deletes a pod that is to be deleted at once, if it is still the same one. */
async function confirm(server: string, dispatcher: Dispatcher, { metadata }: Pod): Promise<void> {
  const { statusCode, body } = await request(
    `${server}/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`,
    {
      dispatcher,
      method: "DELETE",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ gracePeriodSeconds: 0, preconditions: { uid: metadata.uid } }),
    },
  );
  const text = await body.text();
  if (statusCode >= 300 && statusCode !== 404 && statusCode !== 409) {
    throw new Error(`deletion of pod ${join(metadata.namespace, metadata.name)}: ${statusCode}: ${text}`);
  }
}

if (import.meta.main) {
  const [server = "", authorityFile = "", certificateFile = "", keyFile = ""] = process.argv.slice(2);
  await serve(server, agentFor({ authorityFile, certificateFile, keyFile }));
}
