import type { PodSpec } from "kubernetes-types/core/v1.d.ts";
import { describe, expect, test } from "vitest";
import type { Desired, KubeObject } from "#runtime/api/object.ts";
import { alreadyApplied } from "#runtime/client/applied.ts";
import { trustDomain } from "#spiffe/spiffe-id.ts";
import { clusterObjects } from "../../../xds-control-plane/cluster-view/objects.ts";
import { viewOf } from "../../../xds-control-plane/cluster-view/view.ts";
import { bootstrapOf } from "../../envoy/bootstrap.ts";
import type { CloudDeployment } from "../deployment.ts";
import { aDeployment, aDeploymentInTheMesh } from "../fixtures.ts";
import type { CloudScope } from "../scope.ts";
import { applyAll } from "../steps/apply.ts";
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
import { patroniConfiguration } from "./postgresql-config.ts";
import { databaseMeshServices, memberHosts, PATRONI_MESH_PORT, PROBE_PORT } from "./postgresql-members.ts";

const meshed = aDeploymentInTheMesh();
const withoutCache = aDeploymentInTheMesh({ cache: { external: { servers: ["mc-1:11211"] } } });
const replicated = aDeploymentInTheMesh({ database: { bundled: { instances: 3, storage: "1Gi" } } });
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

function servicesOf(deployment: CloudDeployment, inClear = false): readonly Desired[] {
  const services = (["keystone", "barbican"] as const).flatMap((part) => [
    ...releaseMeshServices(deployment, part, "active"),
    ...releaseMeshServices(deployment, part, "preview"),
  ]);
  return [...services, ...meshServices(deployment, "memcached"), ...databaseMeshServices(deployment, inClear)];
}

function dated(made: readonly Desired[]): readonly KubeObject[] {
  return made.map(({ metadata, ...rest }) => ({
    ...rest,
    metadata: { ...metadata, uid: metadata.name, creationTimestamp: "2026-11-26T10:00:00Z" },
  })) as unknown as readonly KubeObject[];
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

describe("PostgreSQL's members", () => {
  const listenersOf = (inClear: boolean, deployment = replicated): readonly string[] => {
    const made = [...servicesOf(deployment, inClear), ...accessPolicies(deployment)];
    const { proxies } = viewOf(clusterObjects(dated(made)), trustDomain("cloud.test")).mesh;
    return (proxies.get("workload/nephele-system/default-postgresql")?.listeners ?? []).map(
      ({ address, port }) => `${address}:${port}`,
    );
  };
  const closed = [
    ...[`0.0.0.0:${MESH_PORT}`, `0.0.0.0:${PATRONI_MESH_PORT}`, `0.0.0.0:${PROBE_PORT}`],
    ...["15450", "15460", "15451", "15461", "15452", "15462"].map((port) => `127.0.0.1:${port}`),
  ];

  test("find each other on loopback, at ports of each, and nobody else does", () => {
    expect(listenersOf(false)).toEqual(closed);
  });

  test("are found in clear text, too, as long as there are pods without a sidecar", () => {
    expect(listenersOf(true).toSorted()).toEqual([...closed, "0.0.0.0:5432"].toSorted());
  });

  test("are closed by what is written: the Service without the port is another content", () => {
    const [open, closedAgain] = [true, false].map((inClear) => databaseMeshServices(meshed, inClear)[0]);
    expect(open?.metadata.annotations?.["mesh.nephele.dev/clear-port"]).toBe("5432");
    const served = { ...open, metadata: { ...open?.metadata, uid: "u" } } as unknown as KubeObject;
    expect(alreadyApplied(served, open as Desired)).toBe(true);
    expect(alreadyApplied(served, closedAgain as Desired)).toBe(false);
  });

  test.each(["clear-port", "health", "local-port"])(
    "are closed again where somebody opens them by the mark %s",
    async (mark) => {
      const service = databaseMeshServices(meshed, false)[0] as Desired;
      const there = (value: string): KubeObject => {
        const annotations = { ...service.metadata.annotations, [`mesh.nephele.dev/${mark}`]: value };
        return { ...service, metadata: { ...service.metadata, annotations, uid: "u" } } as unknown as KubeObject;
      };
      const written = async (current: KubeObject): Promise<readonly string[]> => {
        const names: string[] = [];
        const kube = { apply: async (_: object, { metadata }: Desired) => void names.push(metadata.name) };
        const scope = { kube, cache: { get: () => current }, fieldOwner: () => "test" } as unknown as CloudScope;
        await applyAll(scope, [service]);
        return names;
      };
      expect(await written(there("15999"))).toEqual([service.metadata.name]);
      expect(await written(there(""))).toEqual([]);
    },
  );

  test("are said to the others to be where their sidecars find them", () => {
    const { env = [] } = podOf(postgresql(replicated, 3, "1Gi")).containers[0] ?? {};
    const values = Object.fromEntries(env.map(({ name, value }) => [name, value]));
    const inPod = (name: string, member: number): string =>
      (values[name] ?? "")
        .replace("$(PATRONI_NAME)", `default-postgresql-${member}`)
        .replace("$(PATRONI_KUBERNETES_NAMESPACE)", "nephele-system")
        .replace("$(POD_INDEX)", String(member));
    for (const member of [0, 1, 2]) {
      const host = memberHosts(replicated)[member];
      expect(inPod("PATRONI_POSTGRESQL_CONNECT_ADDRESS", member)).toBe(`${host}:1545${member}`);
      expect(inPod("PATRONI_RESTAPI_CONNECT_ADDRESS", member)).toBe(`${host}:1546${member}`);
    }
    expect(podOf(postgresql(replicated, 3, "1Gi")).hostAliases).toEqual([
      { ip: "127.0.0.1", hostnames: memberHosts(replicated) },
    ]);
  });

  test("are the same pods for one member as for three: a Cloud that grows replaces none", () => {
    expect(podOf(postgresql(replicated, 3, "1Gi"))).toEqual(podOf(postgresql(meshed, 1, "1Gi")));
  });

  test("listen at no address of the pod, and let nobody in but by their sockets", () => {
    const file = JSON.stringify(patroniConfiguration(replicated)["data"]);
    expect(file).not.toContain("0.0.0.0");
    expect(file).not.toContain("host all");
    expect(file).not.toContain("host replication");
    // Control: without sidecars it is asked by its address.
    expect(JSON.stringify(patroniConfiguration(aDeployment())["data"])).toContain("0.0.0.0:5432");
  });

  test("of another Cloud of the namespace are others, and are called by nobody of this one", () => {
    const other = { ...replicated, cloud: { ...meshed.cloud, metadata: { ...meshed.cloud.metadata, name: "other" } } };
    const callers = JSON.stringify(accessPolicies(other).map(({ spec }) => spec));
    expect(callers).toContain("/sa/other-postgresql");
    expect(callers).not.toContain("/sa/default-");
    expect(callers).not.toContain("/sa/nephele-postgresql");
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
