import { expect, test } from "vitest";
import type { Pod } from "#operator/api/foreign.ts";
import { usersOf } from "./claim-users.ts";

interface Has {
  readonly labels?: Readonly<Record<string, string>>;
  readonly claim?: string;
  readonly volumeReadOnly?: boolean;
  readonly mountReadOnly?: boolean;
  readonly device?: boolean;
  readonly phase?: string;
}

function pod(name: string, has: Has = {}): Pod {
  const { labels = {}, claim = "web-1-root-1", volumeReadOnly = false, mountReadOnly = false } = has;
  const mount = { name: "disk", mountPath: "/disk", readOnly: mountReadOnly };
  const device = { name: "disk", devicePath: "/dev/disk" };
  const uses = has.device === true ? { volumeDevices: [device] } : { volumeMounts: [mount] };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "team-a", uid: name, resourceVersion: "1", creationTimestamp: "", labels },
    spec: {
      containers: [{ name: "c", ...uses }],
      volumes: [{ name: "disk", persistentVolumeClaim: { claimName: claim, readOnly: volumeReadOnly } }],
    },
    status: { phase: has.phase ?? "Running" },
  };
}

const launcher = { "nephele.dev/server": "web-1" };
const SERVER = "Server web-1 to stop: its disk is in use";

test.each<[string, readonly Pod[], string | undefined]>([
  ["nothing", [], undefined],
  ["a Server's guest", [pod("virt-launcher-web-1-abc", { labels: launcher })], SERVER],
  [
    "a guest that moves, so that it has two pods",
    [pod("virt-launcher-web-1-abc", { labels: launcher }), pod("virt-launcher-web-1-def", { labels: launcher })],
    SERVER,
  ],
  ["a disk that is a device", [pod("virt-launcher-web-1-abc", { labels: launcher, device: true })], SERVER],
  [
    "somebody's pods",
    [pod("b"), pod("a", { phase: "Pending" })],
    "pod a, b to end: it uses PersistentVolumeClaim web-1-root-1",
  ],
  [
    "both",
    [pod("backup"), pod("virt-launcher-web-1-abc", { labels: launcher })],
    `${SERVER}; pod backup to end: it uses PersistentVolumeClaim web-1-root-1`,
  ],
  ["what has ended", [pod("a", { phase: "Succeeded" }), pod("b", { phase: "Failed" })], undefined],
  ["what only reads", [pod("a", { volumeReadOnly: true }), pod("b", { mountReadOnly: true })], undefined],
  ["what uses another claim", [pod("a", { claim: "other" })], undefined],
  ["CDI's own pods", [pod("uid-source-pod", { labels: { "cdi.kubevirt.io": "cdi-clone-source" } })], undefined],
])("a claim is used by %s", (_what, all, expected) => {
  expect(usersOf(all, "web-1-root-1")).toBe(expected);
});
