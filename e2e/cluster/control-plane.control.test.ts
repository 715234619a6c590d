import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tools } from "../tools/build.ts";
import { writeClusterFile } from "./cluster-file.ts";
import { down } from "./down.ts";
import { type ClusterHandle, openCluster } from "./handle.ts";
import type { HttpsClient } from "./https.ts";
import { startKubernetes } from "./kubernetes.ts";
import { openPorts } from "./ports.ts";
import { openProcesses } from "./processes.ts";
import { openSteps } from "./steps.ts";
import { until } from "./wait.ts";

// Faults of the control plane are made in one of its own: other test files share the cluster that is up.

const stateDir = mkdtempSync(join(tmpdir(), "control-plane-"));
const logsDir = join(stateDir, "logs");
const configMaps = "/api/v1/namespaces/default/configmaps";
let cluster: ClusterHandle;
let https: HttpsClient;

beforeAll(async () => {
  const lines: string[] = [];
  const { bin } = await tools("kubernetes", (line) => lines.push(line));
  const processes = openProcesses(stateDir, logsDir);
  const context = {
    stateDir,
    logsDir,
    processes,
    ports: openPorts(stateDir),
    steps: openSteps((line) => lines.push(line)),
  };
  const started = await processes.whileRunning(startKubernetes(context, bin));
  const { kubeconfigPath, serverUrl, auditLogPath, kubectl, etcd } = started;
  const places = { etcdDataDir: etcd.dataDir, etcdEndpoint: etcd.endpoint };
  writeClusterFile({ stateDir, logsDir, kubeconfigPath, serverUrl, auditLogPath, kubectl, ...places, objectsKey: "" });
  cluster = openCluster(stateDir);
  https = await cluster.admin();
}, 120_000);
afterAll(async () => {
  await https.close();
  await down({ stateDir, logsDir });
  rmSync(stateDir, { recursive: true, force: true });
});

/** Makes a ConfigMap and gives the resourceVersion of the write. */
async function write(name: string): Promise<string> {
  const made = await https.json(configMaps, { method: "POST", body: { metadata: { name } } });
  return (made as { readonly metadata: { readonly resourceVersion: string } }).metadata.resourceVersion;
}

describe("the control plane", () => {
  test("has its data when the API server comes back", async () => {
    await write("kept");
    await cluster.restartApiServer();
    expect((await https.send(`${configMaps}/kept`)).status).toBe(200);
  });

  test("says 410 Gone to who watches from before a compaction", async () => {
    const old = await write("early");
    await write("late");
    await cluster.compactEtcd();
    // The API server's own watch cache goes further back than etcd: only a new one is as forgetful.
    await cluster.restartApiServer();
    const watch = `${configMaps}?watch=true&timeoutSeconds=5&resourceVersion=${old}`;
    const { status, text } = await https.send(watch);
    expect(`${status} ${text}`).toContain("410");
  });

  test("comes back when a process that was killed is started again", async () => {
    await cluster.stop("etcd", "SIGKILL");
    await until("the API server's complaint", 30_000, async () =>
      (await https.send("/readyz/etcd")).status === 200 ? undefined : true,
    );
    cluster.start("etcd");
    const found = await until("the ConfigMap", 30_000, async () =>
      (await https.send(`${configMaps}/kept`)).status === 200 ? true : undefined,
    );
    expect(found).toBe(true);
  });
});
