import type { PodSpec } from "kubernetes-types/core/v1.d.ts";
import { describe, expect, test } from "vitest";
import type { Desired, KubeObject } from "#runtime/api/object.ts";
import { trustDomain } from "#spiffe/spiffe-id.ts";
import { clusterObjects } from "../../../xds-control-plane/cluster-view/objects.ts";
import { viewOf } from "../../../xds-control-plane/cluster-view/view.ts";
import { bootstrapOf } from "../../envoy/bootstrap.ts";
import type { CloudDeployment } from "../deployment.ts";
import { aDeployment, aDeploymentInTheMesh } from "../fixtures.ts";
import { barbican } from "./barbican.ts";
import { keystone } from "./keystone.ts";
import { memcached } from "./memcached.ts";
import {
  accessPolicies,
  calledThroughMesh,
  MESH_PORT,
  meshParts,
  meshServices,
  releaseMeshServices,
  SOCKET,
} from "./mesh.ts";
import { networkPolicies } from "./network-policies.ts";
import { postgresql } from "./postgresql.ts";

const meshed = aDeploymentInTheMesh();
const withoutCache = aDeploymentInTheMesh({ cache: { external: { servers: ["mc-1:11211"] } } });
const parts = ["keystone", "barbican", "memcached"] as const;

const podOf = (object: Desired): PodSpec => (object["spec"] as { template: { spec: PodSpec } }).template.spec;
const pods = { keystone: keystone(meshed, "k"), barbican: barbican(meshed, "k"), memcached: memcached(meshed) };

function servicesOf(deployment: CloudDeployment): readonly Desired[] {
  const services = (["keystone", "barbican"] as const).flatMap((part) => [
    ...releaseMeshServices(deployment, part, "active"),
    ...releaseMeshServices(deployment, part, "preview"),
  ]);
  return [...services, ...meshServices(deployment, "memcached")];
}

/** The control plane's own view of what is made here of Clouds. */
function view(...deployments: readonly CloudDeployment[]) {
  const made = deployments.flatMap((each) => [...servicesOf(each), ...accessPolicies(each)]);
  const dated = made.map(({ metadata, ...rest }) => ({
    ...rest,
    metadata: { ...metadata, uid: metadata.name, creationTimestamp: "2026-11-26T10:00:00Z" },
  }));
  return viewOf(clusterObjects(dated as unknown as readonly KubeObject[]), trustDomain("cloud.test"));
}

describe("what the control plane makes of a Cloud's Services and policies", () => {
  const { mesh, policies } = view(meshed);
  const listenersOf = (part: string): readonly string[] =>
    (mesh.proxies.get(`workload/nephele-system/default-${part}`)?.listeners ?? []).map(
      ({ address, port }) => `${address}:${port}`,
    );

  test("lets each part in where it is called, and has on its loopback what it calls, at the usual ports", () => {
    expect(listenersOf("keystone")).toEqual([`0.0.0.0:${MESH_PORT}`, "127.0.0.1:11211"]);
    expect(listenersOf("barbican")).toEqual([`0.0.0.0:${MESH_PORT}`, "127.0.0.1:5000", "127.0.0.1:11211"]);
    expect(listenersOf("memcached")).toEqual([`0.0.0.0:${MESH_PORT}`]);
  });

  test("lets the operator call both services, and those that are to take over, and nobody else these", () => {
    const mayCall = (account: string): readonly string[] =>
      accessPolicies(meshed)
        .filter((each) => JSON.stringify(each).includes(`/sa/${account}"`))
        .map(({ metadata }) => metadata.name);
    const preview = ["default-keystone-preview", "default-barbican-preview"];
    expect(mayCall("nephele-operator").toSorted()).toEqual(
      ["default-keystone", "default-barbican", ...preview].toSorted(),
    );
    for (const part of parts) expect(mayCall(`default-${part}`)).not.toEqual(expect.arrayContaining(preview));
  });

  test("makes no sidecar of the operator's, which calls by an SVID of its own: so a second Cloud is programmed, too", () => {
    const other = { ...meshed, cloud: { ...meshed.cloud, metadata: { ...meshed.cloud.metadata, name: "other" } } };
    const both = view(meshed, other);
    expect([...both.mesh.proxies.keys()].filter((name) => name.includes("operator"))).toEqual([]);
    const programmed = both.policies.flatMap(({ targets }) =>
      targets.flatMap(({ conditions }) => conditions.filter(({ type }) => type === "Programmed")),
    );
    expect(programmed).toHaveLength(10);
    expect(new Set(programmed.map(({ status, reason }) => `${status} ${reason}`))).toEqual(
      new Set(["True Programmed"]),
    );
  });

  test("accepts every policy, and passes on to the socket of each", () => {
    const said = policies.flatMap(({ targets }) => targets.flatMap(({ conditions }) => conditions));
    expect(said.filter(({ type }) => type === "Accepted").map(({ status }) => status)).toEqual(
      policies.map(() => "True"),
    );
    expect(policies).toHaveLength(5);
    const applications = [...mesh.services.values()].filter(({ name }) => name.startsWith("application/"));
    expect(applications.length).toBeGreaterThan(2);
    for (const { endpoints } of applications) expect(endpoints).toEqual([{ address: SOCKET, port: 0 }]);
  });

  test("and knows each sidecar by the class and the identity that its pod starts with", () => {
    for (const part of parts) {
      const namespace = "nephele-system";
      const serviceAccount = podOf(pods[part]).serviceAccountName ?? "";
      const proxyClass = `workload/${namespace}/${serviceAccount}`;
      expect(mesh.proxies.get(proxyClass)?.identity?.id).toBe(
        `spiffe://cloud.test/ns/${namespace}/sa/${serviceAccount}`,
      );
      const { sidecars } = meshed.platform;
      if (sidecars === undefined) throw new Error("there are none");
      const bootstrap = bootstrapOf({ proxyClass, namespace, serviceAccount }, sidecars);
      expect(podOf(pods[part]).initContainers?.[0]?.args).toContain(JSON.stringify(bootstrap));
    }
  });
});

describe("a pod with a sidecar", () => {
  test("finds under their usual names on loopback exactly those that it may call", () => {
    const namesIn = (object: Desired) =>
      podOf(object).hostAliases?.flatMap(({ ip, hostnames }) => [ip, ...(hostnames ?? [])]);
    expect(namesIn(pods.keystone)).toEqual(["127.0.0.1", "default-memcached.nephele-system.svc"]);
    expect(namesIn(pods.barbican)).toEqual([
      "127.0.0.1",
      "default-keystone.nephele-system.svc",
      "default-memcached.nephele-system.svc",
    ]);
    expect(namesIn(pods.memcached)).toBeUndefined();
  });

  test("has it before all else, for as long as all else", () => {
    for (const object of Object.values(pods)) {
      const [first, ...others] = podOf(object).initContainers ?? [];
      expect(first).toMatchObject({
        name: "envoy",
        restartPolicy: "Always",
        startupProbe: { httpGet: { path: "/live" } },
      });
      expect(others).toEqual([]);
    }
  });

  test("listens by memcached for its sidecar alone", () => {
    const [container] = podOf(pods.memcached).containers;
    expect(container?.args).toContain(`--unix-socket=${SOCKET}`);
    expect(JSON.stringify(container)).not.toContain("11211");
    const policy = networkPolicies(meshed).find(({ metadata }) => metadata.name === "default-memcached");
    expect(JSON.stringify(policy)).not.toContain("11211");
  });
});

test("a cache that is elsewhere is called as it is, and is nobody's to protect", () => {
  expect(meshParts(withoutCache)).toEqual(["keystone", "barbican"]);
  expect(calledThroughMesh(withoutCache, "keystone")).toEqual([]);
  expect(podOf(keystone(withoutCache, "k")).hostAliases).toBeUndefined();
  expect(meshServices(withoutCache, "memcached")).toEqual([]);
});

test("without sidecars there is nothing of it: no Service, no policy, no container", () => {
  const plain = aDeployment({}, "cloud.test");
  expect([...servicesOf(plain), ...accessPolicies(plain)]).toEqual([]);
  for (const object of [keystone(plain, "k"), barbican(plain, "k"), memcached(plain), postgresql(plain, 1, "1Gi")])
    expect(podOf(object).initContainers).toBeUndefined();
});
