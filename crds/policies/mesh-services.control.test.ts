import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { ACCEPTED, eventually, type Sender, uniqueName, untilRefused } from "../testing/api-server.ts";
import { type Manifest, merge, type Patch } from "../testing/rule-case.ts";
import { whereUnbound } from "../testing/unbound.ts";
import { openWorkbench, type PolicyRule, type Workbench } from "../testing/workbench.ts";

const SERVICES: PolicyRule = {
  apiGroups: [""],
  resources: ["services", "services/status"],
  verbs: ["create", "update"],
};
const DEPLOYMENTS: PolicyRule = { apiGroups: ["apps"], resources: ["deployments"], verbs: ["create"] };
const PODS: PolicyRule = { apiGroups: [""], resources: ["pods"], verbs: ["create"] };

interface Role extends Manifest {
  readonly rules?: readonly PolicyRule[];
}

let bench: Workbench;
let namespace: string;
/** May write Services and nothing else. */
let writer: Sender;
/** May create Deployments, too. */
let deployer: Sender;
/** May create pods, too. */
let podMaker: Sender;

beforeAll(async () => {
  bench = await openWorkbench();
  namespace = await bench.namespace();
  writer = await bench.user("writer", [SERVICES]);
  deployer = await bench.user("deployer", [SERVICES, DEPLOYMENTS]);
  podMaker = await bench.user("pod-maker", [SERVICES, PODS]);
});
afterAll(() => bench.close());

const ENABLED = "mesh.nephele.dev/enabled";
const MARKS = { "mesh.nephele.dev/application": "127.0.0.1:8080", "mesh.nephele.dev/service-account": "web" };

const refusalIn = (where: string) =>
  `to write its marks (mesh.nephele.dev/*), ports, selector or type you need the right to create deployments.apps or pods in namespace ${where}`;
const untilAccepted = (ask: () => Promise<string>) => eventually(ask, (verdict) => verdict === ACCEPTED);
const servicesOf = (where: string) => `/api/v1/namespaces/${where}/services`;

function plain(change: Patch = {}): Manifest {
  const spec = { selector: { app: "web" }, ports: [{ port: 80, targetPort: 8443, protocol: "TCP" }] };
  return merge({ apiVersion: "v1", kind: "Service", metadata: { name: uniqueName("web") }, spec }, change);
}
const inMesh = (): Manifest => plain({ metadata: { labels: { [ENABLED]: "true" }, annotations: MARKS } });

const annotated = (mark: string, value: string | null): Patch => ({
  metadata: { annotations: { [`mesh.nephele.dev/${mark}`]: value } },
});
const labelled = (value: string | null): Patch => ({ metadata: { labels: { [ENABLED]: value } } });

test("a Service of the mesh is made by who may make Deployments or pods there, and by nobody who may write Services alone", async () => {
  const create = (by: Sender) => by.judge("POST", servicesOf(namespace), inMesh());
  expect(await untilRefused(() => create(writer))).toContain(refusalIn(namespace));
  for (const by of [deployer, podMaker, bench.admin]) expect(await create(by)).toBe(ACCEPTED);
  expect(await writer.judge("POST", servicesOf(namespace), plain())).toBe(ACCEPTED);
});

test("a right to Deployments counts in its own namespace alone", async () => {
  const name = uniqueName("of-one-namespace");
  const user = await bench.user(name, [SERVICES]);
  const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
  const apiGroup = "rbac.authorization.k8s.io";
  const of = (kind: string) => ({ apiVersion: `${apiGroup}/v1`, kind, metadata: { name } });
  await bench.create(`${rbac}/roles`, { ...of("Role"), rules: [DEPLOYMENTS] });
  await bench.create(`${rbac}/rolebindings`, {
    ...of("RoleBinding"),
    roleRef: { apiGroup, kind: "Role", name },
    subjects: [{ apiGroup, kind: "User", name }],
  });
  const create = (where: string) => user.judge("POST", servicesOf(where), inMesh());
  expect(await untilAccepted(() => create(namespace))).toBe(ACCEPTED);
  const elsewhere = await bench.namespace();
  expect(await create(elsewhere)).toContain(refusalIn(elsewhere));
});

test("the operator's role for Clouds is enough: it makes their Deployments", async () => {
  const file = join(import.meta.dirname, "../../charts/nephele/rbac/deployed-clouds.yaml");
  const roles = parseAllDocuments(readFileSync(file, "utf8")).map((each) => each.toJS() as Role);
  const rules = roles.find(({ metadata }) => metadata.name === "nephele:cloud-operator")?.rules ?? [];
  // Another's name: the operator's own may have the right in all namespaces, for Gateways.
  const user = await bench.user("as-the-operator", [SERVICES, ...rules]);
  expect(await user.judge("POST", servicesOf(namespace), inMesh())).toBe(ACCEPTED);
});

test("a Service of the mesh, control: where the policy does not hold, who may write Services alone opens a port of others' pods", async () => {
  const opened = (where: string) =>
    writer.judge(
      "POST",
      servicesOf(where),
      merge(
        inMesh(),
        merge(annotated("clear-port", "5432"), { spec: { ports: [{ port: 5432, appProtocol: "tcp" }] } }),
      ),
    );
  expect(await untilRefused(() => opened(namespace))).toContain(refusalIn(namespace));
  await whereUnbound(bench, "nephele-mesh-services", async (unbound) => {
    expect(await untilAccepted(() => opened(unbound))).toBe(ACCEPTED);
    expect(await opened(namespace)).toContain(refusalIn(namespace));
  });
});

const CHANGES: readonly (readonly [string, Patch])[] = [
  ["takes it out of the mesh", labelled(null)],
  ["says that it is in no mesh", labelled("false")],
  ["opens a port in clear text", annotated("clear-port", "5432")],
  ["passes on to another application", annotated("application", "127.0.0.1:9000")],
  ["takes a mark away", annotated("service-account", null)],
  ["has another port", { spec: { ports: [{ port: 81, targetPort: 8443, protocol: "TCP" }] } }],
  ["speaks another protocol", { spec: { ports: [{ port: 80, targetPort: 8443, appProtocol: "tcp" }] } }],
  ["leads to other pods", { spec: { selector: { app: "other" } } }],
  ["leads to another host", { spec: { type: "ExternalName", externalName: "other.example.org", clusterIP: null } }],
];

describe.each(CHANGES)("a change of a Service of the mesh that %s", (_what, change) => {
  test("is refused to who may write Services alone, and given to who may make Deployments there", async () => {
    const path = await bench.create(servicesOf(namespace), inMesh());
    const changed = async (by: Sender) => by.judge("PUT", path, merge(await bench.admin.send("GET", path), change));
    expect(await untilRefused(() => changed(writer))).toContain(refusalIn(namespace));
    expect(await changed(deployer)).toBe(ACCEPTED);
  });
});

describe("who may write Services alone", () => {
  const changed = async (before: Manifest, change: Patch, part = ""): Promise<string> => {
    const path = await bench.create(servicesOf(namespace), before);
    return writer.judge("PUT", `${path}${part}`, merge(await bench.admin.send("GET", path), change));
  };

  test("brings none into the mesh that is there already", async () => {
    expect(await changed(plain(), labelled("true"))).toContain(refusalIn(namespace));
  });

  test("writes no mark by way of its status, and the status itself", async () => {
    expect(await changed(inMesh(), annotated("clear-port", "5432"), "/status")).toContain(refusalIn(namespace));
    expect(await changed(inMesh(), labelled(null), "/status")).toContain(refusalIn(namespace));
    const balanced = { status: { conditions: [condition()] } };
    expect(await changed(inMesh(), balanced, "/status")).toBe(ACCEPTED);
  });

  test("goes on to change what is no matter of the mesh, and Services that are not in it", async () => {
    for (const change of [
      { metadata: { labels: { team: "a" }, annotations: { "example.org/note": "b" } } },
      { spec: { sessionAffinity: "ClientIP" } },
    ])
      expect(await changed(inMesh(), change)).toBe(ACCEPTED);
    expect(await changed(plain(), { spec: { selector: { app: "other" } } })).toBe(ACCEPTED);
    expect(await changed(plain(), annotated("clear-port", "5432"))).toBe(ACCEPTED);
  });
});

const condition = () => ({
  ...{ type: "Balanced", status: "True", reason: "Balanced", message: "" },
  lastTransitionTime: "2026-11-26T07:30:00Z",
});
