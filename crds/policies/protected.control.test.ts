import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cloudRules } from "../cases/cloud.ts";
import { imageRules } from "../cases/image.ts";
import { projectRules } from "../cases/project.ts";
import { secretRules } from "../cases/secret.ts";
import { ACCEPTED, eventually, uniqueName, untilRefused } from "../testing/api-server.ts";
import { type Manifest, merge, type RuleTable } from "../testing/rule-case.ts";
import { openWorkbench, type Workbench } from "../testing/workbench.ts";

const API = "/apis/nephele.dev/v1alpha1";
let bench: Workbench;
let namespace: string;

beforeAll(async () => {
  bench = await openWorkbench();
  namespace = await bench.namespace();
});
afterAll(() => bench.close());

function protectedOne(table: RuleTable): Manifest {
  const metadata = { name: uniqueName("protected"), annotations: { "nephele.dev/paused": "true" } };
  return merge(table.base, { metadata, spec: { protected: true } });
}

function collectionOf({ kind, plural }: RuleTable, within: string): string {
  return kind === "Project" ? `${API}/${plural}` : `${API}/namespaces/${within}/${plural}`;
}

describe.each([cloudRules, projectRules, imageRules, secretRules])("a protected $kind", (table) => {
  test("is not deleted, and is when it is no longer protected", async () => {
    const collection = collectionOf(table, namespace);
    const object = protectedOne(table);
    const { name } = object.metadata;
    const path = await bench.create(collection, object);
    const refused = await untilRefused(() => bench.admin.judge("DELETE", path));
    expect(refused).toContain(`${table.kind} ${name} is protected: set its spec.protected to false first`);

    const now = await bench.admin.send("GET", path);
    await bench.admin.send("PUT", path, merge(now, { spec: { protected: false } }));
    expect(await bench.admin.judge("DELETE", path)).toBe(ACCEPTED);
  });
});

describe("protected objects of a namespace", () => {
  test("are not deleted by a delete of all of their kind", async () => {
    const within = await bench.namespace();
    const collection = collectionOf(imageRules, within);
    const object = protectedOne(imageRules);
    const path = await bench.create(collection, object);
    expect(await bench.admin.judge("DELETE", collection)).toContain(`Image ${object.metadata.name} is protected`);
    expect((await bench.admin.send("GET", path)).metadata.name).toBe(object.metadata.name);
    await bench.admin.send("PUT", path, merge(await bench.admin.send("GET", path), { spec: { protected: false } }));
    expect(await bench.admin.judge("DELETE", collection)).toBe(ACCEPTED);
  });

  test("go with the namespace when it is terminating already", async () => {
    const within = await bench.namespace();
    const path = await bench.create(collectionOf(imageRules, within), protectedOne(imageRules));
    expect(await bench.admin.judge("DELETE", path)).toContain("is protected");
    await bench.admin.send("DELETE", `/api/v1/namespaces/${within}`);
    const gone = await eventually(
      () => bench.admin.judge("GET", path),
      (verdict) => verdict.includes("not found"),
    );
    expect(gone).toContain("not found");
  });
});

describe("the namespace of a Project", () => {
  test.each([
    [
      "is not deleted while the Project is protected",
      { "nephele.dev/project": "team-a", "nephele.dev/protected": "true" },
      "belongs to the protected Project team-a: set its spec.protected to false first",
    ],
    [
      "is deleted when the Project is not protected",
      { "nephele.dev/project": "team-a", "nephele.dev/protected": "false" },
      ACCEPTED,
    ],
  ])("%s", async (_says, labels, expected) => {
    const name = await bench.namespace({ labels });
    const path = `/api/v1/namespaces/${name}`;
    expect(await bench.admin.judge("DELETE", path)).toContain(expected);
    // So that the namespace can be cleaned up.
    const now = await bench.admin.send("GET", path);
    await bench.admin.send("PUT", path, merge(now, { metadata: { labels: { "nephele.dev/protected": null } } }));
    expect(await bench.admin.judge("DELETE", path)).toBe(ACCEPTED);
  });
});
