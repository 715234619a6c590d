import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { parse } from "yaml";
import { type ClusterHandle, openCluster } from "./handle.ts";
import { type HttpsClient, httpsClient } from "./https.ts";
import { playedNodeName } from "./node.ts";
import { until } from "./wait.ts";

const namespace = `t-cluster-${randomBytes(3).toString("hex")}`;
const core = `/api/v1/namespaces/${namespace}`;
const kubevirt = `/apis/kubevirt.io/v1/namespaces/${namespace}`;
const cdi = `/apis/cdi.kubevirt.io/v1beta1/namespaces/${namespace}`;
const deadlineMs = 30_000;

let cluster: ClusterHandle;
let https: HttpsClient;

beforeAll(async () => {
  cluster = openCluster(inject("clusterStateDir"));
  https = await cluster.admin();
  await create("/api/v1/namespaces", { metadata: { name: namespace } });
});
afterAll(async () => {
  await https.send(`/api/v1/namespaces/${namespace}`, { method: "DELETE" });
  await https.close();
});

const create = (path: string, body: unknown): Promise<unknown> => https.json(path, { method: "POST", body });
/** Waits until what stands at the path has the text somewhere. */
const untilHas = (path: string, text: string): Promise<string> =>
  until(`${text} in ${path}`, deadlineMs, async () => {
    const answer = await https.send(path);
    if (!answer.text.includes(text)) throw new Error(answer.text.slice(0, 2_000));
    return answer.text;
  });

function virtualMachine(name: string, runStrategy: string): unknown {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { name },
    spec: {
      runStrategy,
      template: {
        spec: {
          domain: {
            memory: { guest: "128Mi" },
            devices: {
              disks: [{ name: "root", disk: { bus: "virtio" } }],
              interfaces: [{ name: "default", masquerade: {} }],
            },
          },
          networks: [{ name: "default", pod: {} }],
          volumes: [{ name: "root", containerDisk: { image: "example.org/disk" } }],
        },
      },
    },
  };
}

describe("Secrets", () => {
  test("are not in clear in etcd's files, where a ConfigMap's value is", async () => {
    const [secret, plain] = [`canary-${randomBytes(16).toString("hex")}`, `plain-${randomBytes(16).toString("hex")}`];
    await create(`${core}/secrets`, { metadata: { name: "canary" }, stringData: { value: secret } });
    await create(`${core}/configmaps`, { metadata: { name: "plain" }, data: { value: plain } });
    const files = readdirSync(cluster.etcdDataDir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
    expect(files.some((content) => content.includes(plain))).toBe(true);
    expect(files.some((content) => content.includes(secret))).toBe(false);
  });

  test("leave a line in the audit log, without a body", async () => {
    await create(`${core}/secrets`, { metadata: { name: "audited" }, stringData: { value: "v" } });
    const line = await until("the audit line", deadlineMs, async () =>
      readFileSync(cluster.auditLogPath, "utf8")
        .split("\n")
        .find((text) => text.includes(`${core}/secrets`) && text.includes('"name":"audited"')),
    );
    const event = JSON.parse(line) as Record<string, unknown>;
    expect(event).toMatchObject({ level: "Metadata", verb: "create" });
    expect(event).not.toHaveProperty("requestObject");
  });
});

describe("users", () => {
  test("are who their kubeconfig says, with no right but those given", async () => {
    const path = await cluster.kubeconfigFor("jane", ["people"]);
    const { users, clusters } = parse(readFileSync(path, "utf8")) as {
      readonly users: readonly [{ readonly user: Readonly<Record<string, string>> }];
      readonly clusters: readonly [{ readonly cluster: Readonly<Record<string, string>> }];
    };
    const pem = (base64: string | undefined): string => Buffer.from(base64 ?? "", "base64").toString();
    const jane = httpsClient(cluster.serverUrl, pem(clusters[0].cluster["certificate-authority-data"]), {
      certificate: pem(users[0].user["client-certificate-data"]),
      key: pem(users[0].user["client-key-data"]),
    });
    try {
      const review = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
      const who = await jane.json("/apis/authentication.k8s.io/v1/selfsubjectreviews", {
        method: "POST",
        body: review,
      });
      expect(who).toMatchObject({
        status: { userInfo: { username: "jane", groups: ["people", "system:authenticated"] } },
      });
      expect((await jane.send(`${core}/secrets`)).status).toBe(403);
    } finally {
      await jane.close();
    }
  });
});

describe("KubeVirt", () => {
  test("takes a VM to a launcher pod on the played node, and a deleted one goes away", async () => {
    await create(`${kubevirt}/virtualmachines`, virtualMachine("runs", "Always"));
    await untilHas(`${kubevirt}/virtualmachineinstances/runs`, '"phase":"Scheduling"');
    const pods = `${core}/pods?labelSelector=vm.kubevirt.io%2Fname%3Druns`;
    await untilHas(pods, `"nodeName":"${playedNodeName}"`);
    await https.send(`${kubevirt}/virtualmachines/runs`, { method: "DELETE" });
    await untilHas(pods, '"items":[]');
  });

  test("refuses a run strategy that does not exist", async () => {
    const body = virtualMachine("wrong", "Sometimes");
    const { status, text } = await https.send(`${kubevirt}/virtualmachines`, { method: "POST", body });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(text).toContain("Invalid RunStrategy");
  });
});

describe("CDI", () => {
  const dataVolume = (name: string, url: string): unknown => ({
    apiVersion: "cdi.kubevirt.io/v1beta1",
    kind: "DataVolume",
    metadata: { name },
    spec: { source: { http: { url } }, storage: { resources: { requests: { storage: "64Mi" } } } },
  });

  test("makes a claim and an importer pod for a DataVolume", async () => {
    await create(`${cdi}/datavolumes`, dataVolume("disk", "http://images.example.org/disk.qcow2"));
    await untilHas(`${core}/persistentvolumeclaims/disk`, '"storageClassName":"played"');
    await untilHas(`${core}/pods/importer-disk`, '"name":"importer"');
    await untilHas(`${cdi}/datavolumes/disk`, '"phase":"Pending"');
  });

  test("refuses a source that is no URL", async () => {
    const body = dataVolume("wrong", "no url");
    const { status, text } = await https.send(`${cdi}/datavolumes`, { method: "POST", body });
    expect(status).toBe(422);
    expect(text).toContain("spec.source");
  });
});
