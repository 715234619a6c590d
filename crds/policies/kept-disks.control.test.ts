import { afterAll, beforeAll, expect, test } from "vitest";
import { ACCEPTED, type Sender, uniqueName, untilRefused } from "../testing/api-server.ts";
import type { Manifest } from "../testing/rule-case.ts";
import { openWorkbench, type Workbench } from "../testing/workbench.ts";

let bench: Workbench;
/** The collections of DataVolumes in the namespace of a Project, and in one of nobody's. */
let ours: string;
let nobodys: string;
/** Something in the Project's namespace that may own a DataVolume. */
let owner: { readonly name: string; readonly uid: string };
/** Who may delete, as members, and nothing more. */
let member: Sender;

const KEPT = { "nephele.dev/retained-from": "web-1" };
const RIGHTS = { apiGroups: ["cdi.kubevirt.io"], resources: ["datavolumes"] };
const collectionIn = (namespace: string): string => `/apis/cdi.kubevirt.io/v1beta1/namespaces/${namespace}/datavolumes`;
const orphaning = (fields: object) => ({ apiVersion: "v1", kind: "DeleteOptions", dryRun: ["All"], ...fields });

beforeAll(async () => {
  bench = await openWorkbench();
  const namespace = await bench.namespace({ labels: { "nephele.dev/project": uniqueName("p") } });
  [ours, nobodys] = [collectionIn(namespace), collectionIn(await bench.namespace())];
  const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: uniqueName("owner") } };
  const path = await bench.create(`/api/v1/namespaces/${namespace}/configmaps`, configMap);
  const { name, uid } = (await bench.admin.send("GET", path)).metadata;
  owner = { name, uid: String(uid) };
  member = await bench.user("member", [{ ...RIGHTS, verbs: ["delete"] }]);
});
afterAll(() => bench.close());

/** Makes a DataVolume that waits for an upload, and gives its path. */
function volume(collection: string, metadata: object = {}): Promise<string> {
  const spec = { source: { upload: {} }, storage: { resources: { requests: { storage: "1Gi" } } } };
  const object = { apiVersion: "cdi.kubevirt.io/v1beta1", kind: "DataVolume", spec };
  return bench.create(collection, { ...object, metadata: { ...metadata, name: uniqueName("disk") } } as Manifest);
}
const owned = () => [{ apiVersion: "v1", kind: "ConfigMap", ...owner }];

test("who may only delete deletes a disk that outlasted its Server, and no other", async () => {
  const [plain, kept] = [await volume(ours), await volume(ours, { labels: KEPT })];
  const stillOwned = await volume(ours, { labels: KEPT, ownerReferences: owned() });
  for (const path of [plain, stillOwned])
    expect(await untilRefused(() => member.judge("DELETE", path))).toContain("is not a disk that outlasted its Server");
  expect(await member.judge("DELETE", kept)).toBe(ACCEPTED);
});

test("nor leaves its claim behind", async () => {
  const kept = await volume(ours, { labels: KEPT });
  for (const how of [{ propagationPolicy: "Orphan" }, { orphanDependents: true }])
    expect(await untilRefused(() => member.judge("DELETE", kept, orphaning(how)))).toContain("goes with it");
  expect(await member.judge("DELETE", kept, orphaning({ propagationPolicy: "Foreground" }))).toBe(ACCEPTED);
});

test.each(["patch", "deletecollection"])("control: who may %s, too, deletes any", async (verb) => {
  const controller = await bench.user(`controller-${verb}`, [{ ...RIGHTS, verbs: ["delete", verb] }]);
  const plain = await volume(ours);
  expect(await controller.judge("DELETE", plain)).toBe(ACCEPTED);
  expect(await controller.judge("DELETE", plain, orphaning({ propagationPolicy: "Orphan" }))).toBe(ACCEPTED);
});

test("control: in a namespace of nobody's anybody deletes what his rights let him", async () => {
  expect(await member.judge("DELETE", await volume(nobodys))).toBe(ACCEPTED);
});
