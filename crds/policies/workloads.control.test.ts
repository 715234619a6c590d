import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ACCEPTED, eventually, type Sender, uniqueName, untilRefused } from "../testing/api-server.ts";
import { type Manifest, merge, type Patch } from "../testing/rule-case.ts";
import { openWorkbench, type Workbench } from "../testing/workbench.ts";

let bench: Workbench;
/** The namespace of a Project, and one of nobody's. */
let ours: string;
let nobodys: string;
/** May do with pods, claims and Services what a member of a Project with workloads may. */
let tenant: Sender;

beforeAll(async () => {
  bench = await openWorkbench();
  ours = await bench.namespace({ labels: { "nephele.dev/project": uniqueName("p") } });
  nobodys = await bench.namespace();
  const resources = ["pods", "persistentvolumeclaims", "services"];
  tenant = await bench.user("tenant", [{ apiGroups: [""], resources, verbs: ["create", "update"] }]);
});
afterAll(() => bench.close());

const named = (kind: string, spec: Patch): Manifest => ({
  apiVersion: "v1",
  kind,
  metadata: { name: uniqueName("tenant") },
  spec,
});
// Without a token, which no pod that looks like CDI's may hold (importers.yaml).
const pod = () =>
  named("Pod", { automountServiceAccountToken: false, containers: [{ name: "main", image: "example.org/none:1" }] });
const claim = () =>
  named("PersistentVolumeClaim", { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } });
const service = () => named("Service", { ports: [{ port: 80 }] });
const labelled: Patch = { metadata: { labels: { "cdi.kubevirt.io": "importer" } } };
const fetching = (annotation: string): Patch => ({ metadata: { annotations: { [annotation]: "x" } } });

const CASES: readonly (readonly [string, string, () => Manifest, Patch, string])[] = [
  ["a pod with an importer's label", "pods", pod, labelled, "the label cdi.kubevirt.io of a pod is for CDI alone"],
  [
    "a claim with an address to import from",
    "persistentvolumeclaims",
    claim,
    fetching("cdi.kubevirt.io/storage.import.endpoint"),
    "of a claim are for CDI alone",
  ],
  [
    "a claim with a claim to clone",
    "persistentvolumeclaims",
    claim,
    fetching("k8s.io/CloneRequest"),
    "of a claim are for CDI alone",
  ],
  [
    "a Service with addresses of others",
    "services",
    service,
    { spec: { externalIPs: ["192.0.2.1"] } },
    "spec.externalIPs",
  ],
];

describe.each(CASES)("%s", (_what, plural, plain, fault, words) => {
  const at = (namespace: string): string => `/api/v1/namespaces/${namespace}/${plural}`;

  test("is refused to a tenant, and not without that, nor elsewhere, nor to an administrator", async () => {
    const refused = await untilRefused(() => tenant.judge("POST", at(ours), merge(plain(), fault)));
    expect(refused).toContain(words);
    expect(await tenant.judge("POST", at(ours), plain())).toBe(ACCEPTED);
    expect(await tenant.judge("POST", at(nobodys), merge(plain(), fault))).toBe(ACCEPTED);
    expect(await bench.admin.judge("POST", at(ours), merge(plain(), fault))).toBe(ACCEPTED);
  });

  test("cannot become so later", async () => {
    const path = await bench.create(at(ours), plain());
    // Controllers write to it, too.
    const changed = (change: Patch) =>
      eventually(
        async () => tenant.judge("PUT", path, merge(await bench.admin.send("GET", path), change)),
        (verdict) => !verdict.includes("the object has been modified"),
      );
    expect(await changed(fault)).toContain(words);
    expect(await changed({ metadata: { labels: { mine: "yes" } } })).toBe(ACCEPTED);
  });
});
