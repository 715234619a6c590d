import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tables } from "./cases/tables.ts";
import { ACCEPTED, type Sender, senderAs, uniqueName } from "./testing/api-server.ts";
import { type Manifest, merge, type RuleCase, type RuleTable } from "./testing/rule-case.ts";

const CLUSTER_SCOPED = ["Project", "Flavor", "DeniedIdentity"];
const namespace = uniqueName("rules");
let admin: Sender;

beforeAll(async () => {
  admin = await senderAs();
  await admin.send("POST", "/api/v1/namespaces", {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: namespace },
  });
});

afterAll(async () => {
  await admin.send("DELETE", `/api/v1/namespaces/${namespace}`);
  await admin.close();
});

describe.each(tables)("$kind: the API server refuses", (table) => {
  const collection = CLUSTER_SCOPED.includes(table.kind)
    ? `/apis/nephele.dev/v1alpha1/${table.plural}`
    : `/apis/nephele.dev/v1alpha1/namespaces/${namespace}/${table.plural}`;

  test.each(table.cases)("$says", async (fault) => {
    const { control, verdict } =
      fault.before === undefined ? await asCreated(table, fault) : await asChanged(table, fault);
    expect(control, "the same without the fault").toBe(ACCEPTED);
    expect(verdict).toContain(fault.refusedWith);
    if (fault.at !== "") expect(verdict).toContain(`${fault.at}: `);
  });

  async function asCreated(of: RuleTable, { fault, control = {} }: RuleCase) {
    const create = (object: Manifest) => admin.judge("POST", collection, object);
    return { control: await create(merge(named(of), control)), verdict: await create(merge(named(of), fault)) };
  }

  async function asChanged(of: RuleTable, { before = {}, status, fault, control = {} }: RuleCase) {
    const created = await admin.send("POST", collection, merge(named(of), before));
    const path = `${collection}/${created.metadata.name}`;
    try {
      const made =
        status === undefined ? created : await admin.send("PUT", `${path}/status`, merge(created, { status }));
      const change = (object: Manifest) => admin.judge("PUT", path, object);
      return { control: await change(merge(made, control)), verdict: await change(merge(made, fault)) };
    } finally {
      await admin.send("DELETE", path);
    }
  }
});

/** The base under a name of its own, paused, so that an operator that is running leaves it alone. */
function named({ base }: RuleTable): Manifest {
  const metadata = {
    ...base.metadata,
    name: uniqueName(base.metadata.name),
    annotations: { "nephele.dev/paused": "true" },
  };
  return { ...base, metadata };
}
