import type { PodSpec } from "kubernetes-types/core/v1.d.ts";
import { describe, expect, test } from "vitest";
import type { Desired } from "#runtime/api/object.ts";
import { trustDomain } from "#spiffe/spiffe-id.ts";
import { clusterObjects } from "../../../xds-control-plane/cluster-view/objects.ts";
import { viewOf } from "../../../xds-control-plane/cluster-view/view.ts";
import { bootstrapOf } from "../../envoy/bootstrap.ts";
import type { CloudDeployment } from "../deployment.ts";
import { aDeployment, aDeploymentInTheMesh, dated } from "../fixtures.ts";
import { accessPolicies } from "./access-policies.ts";
import { knownAs } from "./accounts.ts";
import { backedUpInTheMesh, copies } from "./backup-fixtures.ts";
import { barbican } from "./barbican.ts";
import { bootstrapJob } from "./jobs.ts";
import { keystone } from "./keystone.ts";
import { memcached } from "./memcached.ts";
import {
  calledThroughMesh,
  MESH_PORT,
  meshParts,
  meshServices,
  POSTGRESQL_SOCKET,
  partsWithSidecar,
  releaseMeshServices,
  SOCKET,
} from "./mesh.ts";
import { networkPolicies } from "./network-policies.ts";
import { postgresql } from "./postgresql.ts";
import { databaseMeshServices } from "./postgresql-members.ts";

const meshed = aDeploymentInTheMesh();
const withoutCache = aDeploymentInTheMesh({ cache: { external: { servers: ["mc-1:11211"] } } });
const databaseElsewhere = aDeploymentInTheMesh({
  database: { external: { host: "db.example.org", port: 6432, adminSecretRef: { name: "pg" } } },
});
const parts = ["keystone", "barbican", "memcached", "postgresql"] as const;

const podOf = (object: Desired): PodSpec => (object["spec"] as { template: { spec: PodSpec } }).template.spec;
const pods = {
  keystone: keystone(meshed, "k"),
  barbican: barbican(meshed, "k"),
  memcached: memcached(meshed),
  postgresql: postgresql(meshed, 1, "1Gi"),
};

function servicesOf(deployment: CloudDeployment): readonly Desired[] {
  const services = (["keystone", "barbican"] as const).flatMap((part) => [
    ...releaseMeshServices(deployment, part, "active"),
    ...releaseMeshServices(deployment, part, "preview"),
  ]);
  return [...services, ...meshServices(deployment, "memcached"), ...databaseMeshServices(deployment, false)];
}

/** The control plane's own view of what is made here of Clouds. */
function view(...deployments: readonly CloudDeployment[]) {
  const made = deployments.flatMap((each) => [...servicesOf(each), ...accessPolicies(each)]);
  return viewOf(clusterObjects(dated(made)), trustDomain("cloud.test"));
}

describe("what the control plane makes of a Cloud's Services and policies", () => {
  const { mesh, policies } = view(meshed);
  const listenersOf = (part: string): readonly string[] =>
    (mesh.proxies.get(`workload/nephele-system/default-${part}`)?.listeners ?? []).map(
      ({ address, port }) => `${address}:${port}`,
    );

  test("lets each part in where it is called, and has on its loopback what it calls, at the usual ports", () => {
    expect(listenersOf("keystone")).toEqual([`0.0.0.0:${MESH_PORT}`, "127.0.0.1:11211", "127.0.0.1:5432"]);
    expect(listenersOf("barbican")).toEqual([
      ...[`0.0.0.0:${MESH_PORT}`, "127.0.0.1:5000", "127.0.0.1:11211", "127.0.0.1:5432"],
    ]);
    expect(listenersOf("memcached")).toEqual([`0.0.0.0:${MESH_PORT}`]);
    expect(listenersOf("setup")).toEqual(["127.0.0.1:5432"]);
    expect(listenersOf("backup")).toEqual(["127.0.0.1:5432"]);
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
    expect(programmed).toHaveLength(14);
    expect(new Set(programmed.map(({ status, reason }) => `${status} ${reason}`))).toEqual(
      new Set(["True Programmed"]),
    );
  });

  test("accepts every policy, and passes on to the socket of each", () => {
    const said = policies.flatMap(({ targets }) => targets.flatMap(({ conditions }) => conditions));
    expect(said.filter(({ type }) => type === "Accepted").map(({ status }) => status)).toEqual(
      policies.map(() => "True"),
    );
    expect(policies).toHaveLength(7);
    const applications = [...mesh.services.values()].filter(({ name }) => name.startsWith("application/"));
    const addresses = applications.flatMap(({ name, endpoints }) =>
      endpoints.map(({ address, port }) => [name.replace(/^.*default-(\w+).*:/, "$1 "), `${address}:${port}`]),
    );
    expect(Object.fromEntries(addresses)).toEqual({
      "keystone 5000": `${SOCKET}:0`,
      "barbican 9311": `${SOCKET}:0`,
      "memcached 11211": `${SOCKET}:0`,
      "postgresql 5432": `${POSTGRESQL_SOCKET}:0`,
      // Patroni knows no sockets.
      "postgresql 8008": "127.0.0.1:8008",
    });
  });

  test("and knows each sidecar by the class and the identity that its pod starts with", () => {
    for (const part of parts) {
      const namespace = "nephele-system";
      const serviceAccount = knownAs(meshed, part);
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

describe("a Job", () => {
  const inMesh = [bootstrapJob(meshed), ...copies(backedUpInTheMesh)];
  const withSidecar = (jobs: readonly Desired[]) =>
    jobs
      .filter((each) => podOf(each).initContainers?.[0]?.name === "envoy")
      .map(({ metadata }) => taskOf(metadata.name));
  const taskOf = (name: string): string => name.replace(/^default-(.*)-[^-]+$/, "$1");

  test("that speaks with PostgreSQL does so by a sidecar that ends with it; one that does not has none", () => {
    expect(inMesh.map(({ metadata }) => taskOf(metadata.name))).toEqual([
      ...["bootstrap", "backup", "restore-keys", "restore", "drill"],
    ]);
    expect(withSidecar(inMesh)).toEqual(["bootstrap", "backup", "restore"]);
    for (const job of inMesh.filter((each) => podOf(each).initContainers !== undefined)) {
      expect(podOf(job).initContainers?.[0]).toMatchObject({ restartPolicy: "Always" });
      expect(podOf(job).initContainers?.[0]?.lifecycle).toBeUndefined();
      expect(podOf(job).hostAliases).toEqual([
        { ip: "127.0.0.1", hostnames: ["default-postgresql.nephele-system.svc"] },
      ]);
    }
  });

  test("of a Cloud whose database is elsewhere has none: nobody is at the other end", () => {
    expect(withSidecar([bootstrapJob(databaseElsewhere)])).toEqual([]);
    expect(partsWithSidecar(databaseElsewhere)).toEqual(["keystone", "barbican", "memcached"]);
  });
});

describe("a pod with a sidecar", () => {
  test("finds under their usual names on loopback exactly those that it may call", () => {
    const namesIn = (object: Desired) =>
      podOf(object).hostAliases?.flatMap(({ ip, hostnames }) => [ip, ...(hostnames ?? [])]);
    expect(namesIn(pods.keystone)).toEqual([
      "127.0.0.1",
      "default-postgresql.nephele-system.svc",
      "default-memcached.nephele-system.svc",
    ]);
    expect(namesIn(pods.barbican)).toEqual([
      "127.0.0.1",
      "default-keystone.nephele-system.svc",
      "default-postgresql.nephele-system.svc",
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
  expect(meshParts(withoutCache)).toEqual(["keystone", "barbican", "postgresql"]);
  expect(calledThroughMesh(withoutCache, "keystone")).toEqual(["postgresql"]);
  expect(JSON.stringify(podOf(keystone(withoutCache, "k")).hostAliases)).not.toContain("memcached");
  expect(meshServices(withoutCache, "memcached")).toEqual([]);
});

test("without sidecars there is nothing of it: no Service, no policy, no container", () => {
  const plain = aDeployment({}, "cloud.test");
  expect([...servicesOf(plain), ...accessPolicies(plain)]).toEqual([]);
  for (const object of [keystone(plain, "k"), barbican(plain, "k"), memcached(plain), postgresql(plain, 1, "1Gi")])
    expect(podOf(object).initContainers).toBeUndefined();
});
