import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { imageRules } from "../cases/image.ts";
import { serverRules } from "../cases/server.ts";
import { ACCEPTED, type Sender, uniqueName, untilRefused } from "../testing/api-server.ts";
import { type Manifest, merge } from "../testing/rule-case.ts";
import { openWorkbench, type Workbench } from "../testing/workbench.ts";

let bench: Workbench;
/** May write Servers and Images, as members may. */
let member: Sender;
let collection: (plural: string) => string;

beforeAll(async () => {
  bench = await openWorkbench();
  const verbs = ["create", "update", "delete", "deletecollection"];
  member = await bench.user("member", [{ apiGroups: ["nephele.dev"], resources: ["servers", "images"], verbs }]);
  const namespace = await bench.namespace();
  collection = (plural) => `/apis/nephele.dev/v1alpha1/namespaces/${namespace}/${plural}`;
});
afterAll(() => bench.close());

/** With a body the API server does not read the query, in which others are told that nothing is to be done. */
const options = (fields: object) => ({ apiVersion: "v1", kind: "DeleteOptions", dryRun: ["All"], ...fields });
const ORPHAN = options({ propagationPolicy: "Orphan" });

describe.each([serverRules, imageRules])("a $kind", (table) => {
  const object = (): Manifest =>
    merge(table.base, { metadata: { name: uniqueName("kept"), annotations: { "nephele.dev/paused": "true" } } });

  test("is deleted with what it became, in every way but the one that leaves that behind", async () => {
    const path = await bench.create(collection(table.plural), object());
    const refused = await untilRefused(() => member.judge("DELETE", path, ORPHAN));
    expect(refused).toContain("has become goes with it: delete it without --cascade=orphan");
    expect(await member.judge("DELETE", path, options({ orphanDependents: true }))).toContain("goes with it");
    expect(await member.judge("DELETE", collection(table.plural), ORPHAN)).toContain("goes with it");
    for (const propagationPolicy of ["Background", "Foreground"])
      expect(await member.judge("DELETE", path, options({ propagationPolicy }))).toBe(ACCEPTED);
    expect(await member.judge("DELETE", path, options({ orphanDependents: false }))).toBe(ACCEPTED);
    expect(await member.judge("DELETE", path)).toBe(ACCEPTED);
    expect(await member.judge("DELETE", collection(table.plural))).toBe(ACCEPTED);
  });

  test("is not given the finalizer that means the same by who may write it", async () => {
    const orphaned = merge(object(), { metadata: { finalizers: ["orphan"] } });
    expect(await member.judge("POST", collection(table.plural), orphaned)).toContain("goes with it");
    const path = await bench.create(collection(table.plural), object());
    const change = merge(await bench.admin.send("GET", path), { metadata: { finalizers: ["orphan"] } });
    expect(await member.judge("PUT", path, change)).toContain("goes with it");
  });

  test("control: who administers may leave it behind", async () => {
    const path = await bench.create(collection(table.plural), object());
    expect(await bench.admin.judge("DELETE", path, ORPHAN)).toBe(ACCEPTED);
  });
});
