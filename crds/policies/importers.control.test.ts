import { afterAll, beforeAll, expect, test } from "vitest";
import { ACCEPTED, uniqueName, untilRefused } from "../testing/api-server.ts";
import { type Manifest, merge, type Patch } from "../testing/rule-case.ts";
import { openWorkbench, type Workbench } from "../testing/workbench.ts";

let bench: Workbench;
/** The collections of pods in the namespace of a Project, and in one of nobody's. Both accounts give their pods a token. */
let ours: string;
let nobodys: string;

beforeAll(async () => {
  bench = await openWorkbench();
  const labels = { "nephele.dev/project": uniqueName("p") };
  [ours, nobodys] = [podsOf(await bench.namespace({ labels })), podsOf(await bench.namespace())];
});
afterAll(() => bench.close());

const podsOf = (namespace: string): string => `/api/v1/namespaces/${namespace}/pods`;
const pod = (change: Patch = {}): Manifest =>
  merge(
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: uniqueName("importer") },
      spec: { containers: [{ name: "main", image: "example.org/none:1" }] },
    },
    change,
  );
const ofCdi: Patch = { metadata: { labels: { "cdi.kubevirt.io": "importer" } } };
const without: Patch = { spec: { automountServiceAccountToken: false } };
const projected = (source: Patch): Patch => ({
  spec: { automountServiceAccountToken: false, volumes: [{ name: "more", projected: { sources: [source] } }] },
});

test("a pod of CDI's that holds a token is refused in a Project's namespace, and nowhere else; another pod is not", async () => {
  const refused = await untilRefused(() => bench.admin.judge("POST", ours, pod(ofCdi)));
  expect(refused).toContain("must say automountServiceAccountToken: false");
  expect(await bench.admin.judge("POST", nobodys, pod(ofCdi))).toBe(ACCEPTED);
  expect(await bench.admin.judge("POST", ours, pod())).toBe(ACCEPTED);
  expect(await bench.admin.judge("POST", ours, merge(pod(ofCdi), without))).toBe(ACCEPTED);
});

test("nor may it ask for one by a volume of its own; other volumes are its own business", async () => {
  const token = projected({ serviceAccountToken: { path: "token" } });
  expect(await untilRefused(() => bench.admin.judge("POST", ours, merge(pod(ofCdi), token)))).toContain("no token");
  const other = projected({ configMap: { name: "authorities" } });
  expect(await bench.admin.judge("POST", ours, merge(pod(ofCdi), other))).toBe(ACCEPTED);
});
