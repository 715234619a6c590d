import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import type { HttpsClient } from "../../cluster/https.ts";
import { until } from "../../cluster/wait.ts";
import { type NodeHandle, openNode } from "../handle.ts";
import { openGuest } from "./guest.ts";
import { type GuestImages, serveGuestImages } from "./guest-images.ts";
import { installKubeVirt } from "./install.ts";

// KubeVirt and CDI by themselves, without Nephele: what everything else here stands on.

const namespace = `t-machine-${randomBytes(3).toString("hex")}`;
const machines = `/apis/kubevirt.io/v1/namespaces/${namespace}`;
const volumes = `/apis/cdi.kubevirt.io/v1beta1/namespaces/${namespace}/datavolumes`;

let node: NodeHandle;
let https: HttpsClient;
let images: GuestImages;

const print = (line: string): void => void process.stderr.write(`${line}\n`);
const create = (path: string, body: unknown): Promise<unknown> => https.json(path, { method: "POST", body });
const run = (...args: readonly string[]): Promise<string> => node.run(`--namespace=${namespace}`, ...args);

beforeAll(async () => {
  const stateDir = inject("nodeStateDir");
  await installKubeVirt(stateDir, print);
  node = await openNode(stateDir);
  https = await node.cluster.admin();
  images = await serveGuestImages(node, print);
  await create("/api/v1/namespaces", { metadata: { name: namespace } });
}, 1_200_000);
afterAll(async () => {
  await https?.send(`/api/v1/namespaces/${namespace}`, { method: "DELETE" });
  await https?.close();
});

async function machine(name: string, userData: string): Promise<unknown> {
  return await create(`${machines}/virtualmachines`, {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { name },
    spec: {
      runStrategy: "Always",
      dataVolumeTemplates: [
        {
          metadata: { name },
          spec: {
            storage: { resources: { requests: { storage: "128Mi" } } },
            source: { http: { url: images.url("guest.qcow2"), checksum: await images.checksum("guest.qcow2") } },
          },
        },
      ],
      template: {
        spec: {
          hostname: name,
          // Longer than the test waits: a guest that has to be cut off fails it.
          terminationGracePeriodSeconds: 300,
          domain: {
            memory: { guest: "192Mi" },
            devices: {
              disks: [
                { name: "root", disk: { bus: "virtio" } },
                { name: "cloud-init", disk: { bus: "virtio" } },
              ],
              interfaces: [{ name: "default", masquerade: {} }],
            },
          },
          networks: [{ name: "default", pod: {} }],
          volumes: [
            { name: "root", dataVolume: { name } },
            { name: "cloud-init", cloudInitNoCloud: { userData } },
          ],
        },
      },
    },
  });
}

/** A file of a machine's guest. */
async function fileOf(name: string, path: string): Promise<string> {
  const address = await until(`an address of ${name}`, 120_000, async () => {
    const found = await run("get", "vmi", name, "--output=jsonpath={.status.interfaces[0].ipAddress}");
    return found.trim() === "" ? undefined : found.trim();
  });
  const guest = await openGuest(node, address);
  try {
    return await guest.read(path);
  } finally {
    guest.close();
  }
}

describe("KubeVirt and CDI on the node", () => {
  test("a machine is imported, boots, and reads what cloud-init is given", async () => {
    await machine("one", "#!/bin/sh\necho 'said by user data' >/etc/said\n");
    expect(await fileOf("one", "/etc/said")).toBe("said by user data");
    expect(await fileOf("one", "/etc/hostname")).toBe("one");
    expect(await fileOf("one", "/disk/boots")).toBe("1");
  }, 300_000);

  test("a guest that is asked to shut down does, and finds its disk as it was", async () => {
    await run("patch", "vm", "one", "--type=merge", "--patch", '{"spec":{"runStrategy":"Halted"}}');
    await run("wait", "--for=delete", "vmi/one", "--timeout=60s");
    await run("patch", "vm", "one", "--type=merge", "--patch", '{"spec":{"runStrategy":"Always"}}');
    await run("wait", "--for=create", "vmi/one", "--timeout=60s");
    expect(await fileOf("one", "/disk/boots")).toBe("2");
  }, 300_000);

  test("a disk whose checksum is another is not imported: the importer looks", async () => {
    const checksum = `sha256:${"0".repeat(64)}`;
    await create(volumes, {
      apiVersion: "cdi.kubevirt.io/v1beta1",
      kind: "DataVolume",
      metadata: { name: "wrong", annotations: { "cdi.kubevirt.io/storage.bind.immediate.requested": "true" } },
      spec: {
        storage: { resources: { requests: { storage: "128Mi" } } },
        source: { http: { url: images.url("guest.qcow2"), checksum } },
      },
    });
    const said = await until("the importer's complaint", 120_000, async () => {
      const { text } = await https.send(`${volumes}/wrong`);
      return /checksum/i.test(JSON.stringify(JSON.parse(text).status?.conditions ?? "")) ? text : undefined;
    });
    expect(JSON.parse(said).status.phase).not.toBe("Succeeded");
  }, 180_000);
});
