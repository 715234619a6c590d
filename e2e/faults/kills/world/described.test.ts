import { describe, expect, test } from "vitest";
import { coreSecrets, pods, services } from "#operator/api/foreign.ts";
import { configMaps, jobs } from "#operator/cloud/resources.ts";
import type { KubeObject } from "#runtime/api/object.ts";
import { calledAlways, described } from "./described.ts";
import { type World, worldOf } from "./world.ts";

const object = (kind: string, name: string, more: object = {}, owner?: { kind: string; name: string }): KubeObject => ({
  apiVersion: "v1",
  kind,
  metadata: {
    ...{
      name,
      namespace: "ns",
      uid: `uid of ${name}`,
      resourceVersion: "1",
      creationTimestamp: "2026-01-01T00:00:00Z",
    },
    ...(owner === undefined ? {} : { ownerReferences: [{ apiVersion: "v1", uid: "its uid", ...owner }] }),
  },
  ...more,
});

describe("what an object is called in every run", () => {
  test.each([
    [object("Job", "kill-001-keystone-db-0a1b2c3d"), "ns/kill-001-keystone-db"],
    [
      object("Pod", "kill-001-keystone-5d4f-x2x4z", {}, { kind: "ReplicaSet", name: "kill-001-keystone-5d4f6b7c8d" }),
      "ns/kill-001-keystone-*",
    ],
    [object("Pod", "kill-001-db-0a1b2c3d-x2x4z", {}, { kind: "Job", name: "kill-001-db-0a1b2c3d" }), undefined],
    [
      object("Pod", "kill-001-postgresql-0", {}, { kind: "StatefulSet", name: "kill-001-postgresql" }),
      "ns/kill-001-postgresql-0",
    ],
    [object("Pod", "virt-launcher-web-x2x4z"), "ns/virt-launcher-web-*"],
    [object("Secret", "kill-001-administrator"), "ns/kill-001-administrator"],
  ])("%#", (one, name) => expect(calledAlways(one)).toBe(name));
});

describe("what of an object counts", () => {
  test("of a Service not its address, but that it has one", () => {
    const spec = (clusterIP: string) => ({ spec: { clusterIP, clusterIPs: [clusterIP], ports: [] } });
    const of = (clusterIP: string) => described(services, object("Service", "a", spec(clusterIP)));
    expect(of("10.0.0.1")).toEqual(of("10.0.0.2"));
    expect(of("10.0.0.1")).not.toEqual(of("None"));
  });

  test("of a ConfigMap what it says, where it is ours", () => {
    const of = (value: string, labels: object) => {
      const { metadata, ...rest } = object("ConfigMap", "a", { data: { value } });
      return described(configMaps, { ...rest, metadata: { ...metadata, labels } } as KubeObject);
    };
    const ours = { "app.kubernetes.io/managed-by": "nephele" };
    expect(of("1", ours)).not.toEqual(of("2", ours));
    expect(of("1", {})).toEqual(of("2", {}));
  });

  test("of a Job how it ended, and of a pod not which hash it has", () => {
    const job = (...conditions: object[]) => described(jobs, object("Job", "a", { status: { conditions } }));
    expect(job({ type: "Complete", status: "True" })).not.toEqual(job());
    const pod = (hash: string) => described(pods, object("Pod", "a", {}, { kind: "ReplicaSet", name: `a-${hash}` }));
    expect(pod("5d4f6b7c8d")).toEqual(pod("6d4f6b7c8d"));
  });

  test("of a core Secret of which phase a content is, and nothing by which it can be read", () => {
    const secret = object("Secret", "a", { data: { key: Buffer.from("the value").toString("base64") } });
    const is = described(coreSecrets, secret);
    expect(JSON.stringify(is)).not.toContain("the value");
    const [, content = ""] = /(sha256:[0-9a-f]{64})/.exec(JSON.stringify(is)) ?? [];
    const world = (ids: ReadonlyMap<string, string>): World =>
      worldOf([{ things: [{ what: "Secret", name: "a", is }], ids }], new Map());
    expect(JSON.stringify(world(new Map([[content, "<content of create>"]])))).toContain(
      "<content of create>, 9 bytes",
    );
    expect(JSON.stringify(world(new Map()))).toContain("<other content>, 9 bytes");
  });
});
