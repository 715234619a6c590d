import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { request } from "undici";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import type { HttpsClient } from "../cluster/https.ts";
import { until } from "../cluster/wait.ts";
import { type NodeHandle, openNode } from "./handle.ts";
import { claim, type PodOptions, pod, service } from "./test-objects.ts";

const namespace = `t-node-${randomBytes(3).toString("hex")}`;
const core = `/api/v1/namespaces/${namespace}`;
const deadlineMs = 30_000;

let node: NodeHandle;
let https: HttpsClient;
let image: string;

beforeAll(async () => {
  node = await openNode(inject("nodeStateDir"));
  https = await node.cluster.admin();
  const probe = await node.probeImage();
  await node.importImages([probe]);
  image = probe.reference;
  // Everything that runs here runs under the strictest profile.
  const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
  await create("/api/v1/namespaces", { metadata: { name: namespace, labels } });
  await until("the namespace's account", deadlineMs, async () =>
    (await https.send(`${core}/serviceaccounts/default`)).status === 200 ? true : undefined,
  );
  await Promise.all([startPod("one", { port: 8080 }), startPod("two", { port: 8080 })]);
  await create(`${core}/services`, service("two", { port: 80, targetPort: 8080 }));
});
afterAll(async () => {
  await https.send(`/api/v1/namespaces/${namespace}`, { method: "DELETE" });
  await https.close();
});

const create = (path: string, body: unknown): Promise<unknown> => https.json(path, { method: "POST", body });
const kubectl = (...args: readonly string[]): Promise<string> => node.run(`--namespace=${namespace}`, ...args);
const exec = (name: string, ...command: readonly string[]): Promise<string> =>
  kubectl("exec", name, "--", "/probe", ...command);
const ready = (name: string): Promise<string> =>
  kubectl("wait", "--for=condition=Ready", `pod/${name}`, "--timeout=30s");

async function startPod(name: string, options: PodOptions): Promise<void> {
  await create(`${core}/pods`, pod(name, image, options));
  await ready(name);
}

/** Waits until what a pod gets from a URL is this; a Service's rules may come a moment after the pod. */
const untilGets = (from: string, url: string, expected: string): Promise<string> =>
  until(`${expected} from ${url}`, deadlineMs, async () => {
    const answer = await exec(from, "get", url);
    return answer === expected ? answer : undefined;
  });

const addressOf = async (name: string): Promise<string> =>
  (await kubectl("get", "pod", name, "--output=jsonpath={.status.podIP}")).trim();
const clusterIp = async (name: string): Promise<string> =>
  (await kubectl("get", "service", name, "--output=jsonpath={.spec.clusterIP}")).trim();

describe("a pod", () => {
  test("runs as restricted, its root being nobody on the node", async () => {
    // inside, outside, count: 0 would be the node's own root.
    const [first] = (await exec("one", "ids")).trim().split("\n");
    const [insideId, outsideId] = (first ?? "").trim().split(/\s+/);
    expect(insideId).toBe("0");
    expect(Number(outsideId)).toBeGreaterThanOrEqual(65_536);
  });

  test("that asks for the node's own users sees that its root is the node's", async () => {
    await startPod("host-users", { port: 8080, hostUsers: true });
    expect((await exec("host-users", "ids")).trim().split(/\s+/)).toEqual(["0", "0", "4294967295"]);
  });

  test("is refused when it is privileged", async () => {
    const { status, text } = await https.send(`${core}/pods`, {
      method: "POST",
      body: pod("privileged", image, { privileged: true }),
    });
    expect(status).toBe(403);
    expect(text).toContain("restricted");
  });

  test("shows its log and is reached by exec through the API server", async () => {
    expect(await kubectl("logs", "one")).toContain("serving");
    expect(await exec("one", "get", "http://127.0.0.1:8080/")).toBe("one");
  });

  test("that ends unasked is started again", async () => {
    await create(`${core}/pods`, pod("crashing", image, { command: ["read", "/nowhere"] }));
    const path = `${core}/pods/crashing`;
    const text = await until("a restart", deadlineMs, async () => {
      const { text } = await https.send(path);
      return /"restartCount":[1-9]/.test(text) ? text : undefined;
    });
    expect(text).toContain('"exitCode":1');
  });
});

describe("the network", () => {
  test("leads from pod to pod", async () => {
    expect(await exec("one", "get", `http://${await addressOf("two")}:8080/`)).toBe("two");
  });

  test("leads to a Service by its address and by its names", async () => {
    for (const host of [await clusterIp("two"), "two", `two.${namespace}`, `two.${namespace}.svc.cluster.local`]) {
      expect(await untilGets("one", `http://${host}/`, "two")).toBe("two");
    }
  });

  test("leads a pod back to itself through its Service", async () => {
    expect(await untilGets("two", `http://${await clusterIp("two")}/`, "two")).toBe("two");
  });

  test("answers for no name that does not exist", async () => {
    await expect(exec("one", "get", `http://nobody.${namespace}.svc.cluster.local/`)).rejects.toThrow("no such host");
  });

  test("has no way out", async () => {
    // An address for documentation (RFC 5737).
    await expect(exec("one", "get", "http://192.0.2.1/")).rejects.toThrow("no route to host");
  });

  test("is closed by a NetworkPolicy to whom it does not name, by address and by Service, and open again without it", async () => {
    const policies = `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`;
    const addresses = [`http://${await addressOf("two")}:8080/`, `http://${await clusterIp("two")}/`];
    const open = () => Promise.all(addresses.map((url) => untilGets("one", url, "two")));
    // What was open is not closed to connections that are there: each question is one of its own.
    const untilClosed = (): Promise<unknown> =>
      until("nothing to be let through", deadlineMs, async () => {
        const asked = await Promise.allSettled(addresses.map((url) => exec("one", "get", url)));
        // Dropped: neither refused nor without a way.
        const dropped = asked.filter((one) => one.status === "rejected" && /Client.Timeout/.test(String(one.reason)));
        return dropped.length === asked.length ? true : undefined;
      });
    const ingress = (from: string) => ({
      metadata: { name: "two" },
      spec: {
        podSelector: { matchLabels: { app: "two" } },
        policyTypes: ["Ingress"],
        ingress: [{ from: [{ podSelector: { matchLabels: { app: from } } }] }],
      },
    });
    await open();
    await create(policies, ingress("somebody-else"));
    await untilClosed();
    // The node itself, kubelet's probes among it, is let through by Kubernetes' own rule.
    for (const url of addresses)
      expect(await node.atNode("curl", ["--silent", "--max-time", "5", url])).toEqual({ ok: true, text: "two" });
    await https.send(`${policies}/two`, { method: "DELETE" });
    await create(policies, ingress("one"));
    await open();
    await https.send(`${policies}/two`, { method: "DELETE" });
    await open();
  });

  test("is reached from this machine where a way is opened", async () => {
    const way = await node.reach(`${await clusterIp("two")}:80`);
    try {
      const { body } = await request(`http://127.0.0.1:${way.port}/`);
      expect(await body.text()).toBe("two");
    } finally {
      way.close();
    }
  });
});

describe("a volume", () => {
  const volumeOf = async (name: string): Promise<{ readonly name: string; readonly path: string }> => {
    const volume = (await kubectl("get", "pvc", name, "--output=jsonpath={.spec.volumeName}")).trim();
    const path = (await node.run("get", "pv", volume, "--output=jsonpath={.spec.local.path}")).trim();
    return { name: volume, path };
  };
  const deletePod = (name: string): Promise<string> =>
    kubectl("delete", "pod", name, "--grace-period=0", "--force", "--wait");

  test("keeps its data when the pod goes, and goes with its claim", async () => {
    await create(`${core}/persistentvolumeclaims`, claim("kept"));
    await startPod("writer", { port: 8080, claim: "kept" });
    await exec("writer", "write", "/data/file", "said before");
    await deletePod("writer");
    await startPod("reader", { port: 8080, claim: "kept" });
    expect(await exec("reader", "read", "/data/file")).toBe("said before");

    const { name, path } = await volumeOf("kept");
    expect(existsSync(path)).toBe(true);
    await deletePod("reader");
    await kubectl("delete", "pvc", "kept");
    await until("the end of the volume", deadlineMs, async () =>
      (await https.send(`/api/v1/persistentvolumes/${name}`)).status === 404 ? true : undefined,
    );
    expect(existsSync(path)).toBe(false);
  });

  test("stays when it is to be retained", async () => {
    const storageClass = `retain-${namespace}`;
    await create("/apis/storage.k8s.io/v1/storageclasses", {
      metadata: { name: storageClass },
      provisioner: "nephele.dev/local",
      volumeBindingMode: "WaitForFirstConsumer",
      reclaimPolicy: "Retain",
    });
    await create(`${core}/persistentvolumeclaims`, claim("retained", storageClass));
    await startPod("retaining", { port: 8080, claim: "retained" });
    const { name, path } = await volumeOf("retained");
    await deletePod("retaining");
    await kubectl("delete", "pvc", "retained");
    await until("the release of the volume", deadlineMs, async () =>
      (await https.send(`/api/v1/persistentvolumes/${name}`)).text.includes('"phase":"Released"') ? true : undefined,
    );
    expect(existsSync(path)).toBe(true);
    await https.send(`/api/v1/persistentvolumes/${name}`, { method: "DELETE" });
    await https.send(`/apis/storage.k8s.io/v1/storageclasses/${storageClass}`, { method: "DELETE" });
  });
});

describe("the host", () => {
  test("shows the node no device of virtualisation and lets it write no program", async () => {
    await expect(node.inside("/bin/sh", "-c", "ls /dev/kvm")).rejects.toThrow("No such file");
    await expect(node.inside("/bin/sh", "-c", "touch /usr/bin/planted")).rejects.toThrow("Read-only");
  });

  test("keeps its kernel tunables, which kubelet finds as it wants them", async () => {
    expect((await node.inside("/bin/cat", "/proc/sys/kernel/keys/root_maxkeys")).trim()).not.toBe("");
    expect(existsSync("/var/lib/kubelet/device-plugins")).toBe(false);
  });
});
