import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { secretRules } from "../cases/secret.ts";
import { ACCEPTED, type Sender, senderAs, uniqueName, untilRefused } from "../testing/api-server.ts";
import { merge } from "../testing/rule-case.ts";
import { OPERATOR, openWorkbench, type Workbench } from "../testing/workbench.ts";

const OURS = "nephele.dev/test";
const OTHERS = "example.org/theirs";
let bench: Workbench;
let operator: Sender;
/** May write our Secrets, as members may. */
let member: Sender;
let path: string;

beforeAll(async () => {
  bench = await openWorkbench();
  operator = await senderAs({ user: OPERATOR });
  member = await bench.user("member", [{ apiGroups: ["nephele.dev"], resources: ["secrets"], verbs: ["update"] }]);
  const namespace = await bench.namespace();
  const metadata = {
    name: uniqueName("held"),
    annotations: { "nephele.dev/paused": "true" },
    finalizers: [OURS, OTHERS],
  };
  path = await bench.create(
    `/apis/nephele.dev/v1alpha1/namespaces/${namespace}/secrets`,
    merge(secretRules.base, { metadata }),
  );
});
afterAll(async () => {
  await bench.admin.send("PUT", path, await withMetadata({ finalizers: null }));
  await operator.close();
  await bench.close();
});

const withMetadata = async (change: object) => merge(await bench.admin.send("GET", path), { metadata: change });

describe("a finalizer of ours", () => {
  test("is taken away by the operator and by administrators, and by nobody else", async () => {
    const without = await withMetadata({ finalizers: [OTHERS] });
    const refused = await untilRefused(() => member.judge("PUT", path, without));
    expect(refused).toContain("the finalizers nephele.dev/* of Secret");
    expect(await operator.judge("PUT", path, without)).not.toContain("finalizers");
    expect(await bench.admin.judge("PUT", path, without)).toBe(ACCEPTED);
  });

  test("is no matter where others' finalizers, or labels, change", async () => {
    expect(await member.judge("PUT", path, await withMetadata({ finalizers: [OURS] }))).toBe(ACCEPTED);
    expect(await member.judge("PUT", path, await withMetadata({ labels: { a: "b" } }))).toBe(ACCEPTED);
  });
});
