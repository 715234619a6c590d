import type { PodSpec } from "kubernetes-types/core/v1.d.ts";
import { describe, expect, test } from "vitest";
import type { Desired, KubeObject } from "#runtime/api/object.ts";
import { alreadyApplied } from "#runtime/client/applied.ts";
import { trustDomain } from "#spiffe/spiffe-id.ts";
import { clusterObjects } from "../../../xds-control-plane/cluster-view/objects.ts";
import { viewOf } from "../../../xds-control-plane/cluster-view/view.ts";
import { aDeployment, aDeploymentInTheMesh, dated } from "../fixtures.ts";
import type { CloudScope } from "../scope.ts";
import { applyAll } from "../steps/apply.ts";
import { accessPolicies } from "./access-policies.ts";
import { MESH_PORT } from "./mesh.ts";
import { postgresql } from "./postgresql.ts";
import { patroniConfiguration } from "./postgresql-config.ts";
import { databaseMeshServices, memberHosts, PATRONI_MESH_PORT, PROBE_PORT } from "./postgresql-members.ts";

const meshed = aDeploymentInTheMesh();
const replicated = aDeploymentInTheMesh({ database: { bundled: { instances: 3, storage: "1Gi" } } });

const podOf = (object: Desired): PodSpec => (object["spec"] as { template: { spec: PodSpec } }).template.spec;

describe("PostgreSQL's members", () => {
  const listenersOf = (inClear: boolean, deployment = replicated): readonly string[] => {
    const made = [...databaseMeshServices(deployment, inClear), ...accessPolicies(deployment)];
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
