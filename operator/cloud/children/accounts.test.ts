import type { StatefulSet } from "kubernetes-types/apps/v1.d.ts";
import { describe, expect, test } from "vitest";
import type { Entry } from "#operator/clients/spire/entry.ts";
import { decideEntries } from "#operator/registration/decide.ts";
import { ownerOfCloud } from "#operator/registration/entry-id.ts";
import { workloadEntry } from "#operator/registration/workload.ts";
import type { Desired } from "#runtime/api/object.ts";
import { aDeployment } from "../fixtures.ts";
import { serviceAccounts } from "./accounts.ts";
import { barbican } from "./barbican.ts";
import { bootstrapJob } from "./jobs.ts";
import { keystone } from "./keystone.ts";
import { memcached } from "./memcached.ts";
import { postgresql } from "./postgresql.ts";
import { workloadsOf } from "./workloads.ts";

const registered = aDeployment({}, "cloud.test");
const external = aDeployment({
  database: { external: { host: "db.example.org", port: 5432, adminSecretRef: { name: "pg" } } },
  cache: { external: { servers: ["mc-1:11211"] } },
});

const accountOf = (object: Desired): unknown =>
  (object["spec"] as { template: { spec: { serviceAccountName?: string } } }).template.spec.serviceAccountName;

describe("the parts of a Cloud whose workloads are registered", () => {
  test("have a ServiceAccount each, by which they are told apart, without any right", () => {
    expect(serviceAccounts(registered).map(({ metadata }) => metadata.name)).toEqual([
      "default-keystone",
      "default-barbican",
      "default-setup",
      "default-memcached",
    ]);
    const backup = { every: "24h", keep: 7, recipients: [], target: { storage: "1Gi" } };
    const names = serviceAccounts(aDeployment({ backup }, "cloud.test")).map(({ metadata }) => metadata.name);
    expect(names).toContain("default-backup");
    expect(serviceAccounts(registered)[0]).toMatchObject({
      kind: "ServiceAccount",
      automountServiceAccountToken: false,
      metadata: { namespace: "nephele-system", ownerReferences: [{ kind: "Cloud", name: "default" }] },
    });
  });

  test("run their pods by it, and what is registered is those accounts", () => {
    const pods = [keystone(registered, "k"), barbican(registered, "k"), bootstrapJob(registered)];
    const bundled = [postgresql(registered, 1, "1Gi"), memcached(registered)];
    const accounts = [...pods, ...bundled].map(accountOf);
    expect(accounts).toEqual([
      "default-keystone",
      "default-barbican",
      "default-setup",
      "nephele-postgresql",
      "default-memcached",
    ]);
    expect(workloadsOf(registered).map(({ serviceAccount }) => serviceAccount)).toEqual(accounts);
  });

  test("have entries of their own where two Clouds share an account", () => {
    const entriesOf = (name: string) => {
      const { cloud } = registered;
      const one = { ...registered, cloud: { ...cloud, metadata: { ...cloud.metadata, name } } };
      const owner = ownerOfCloud({ namespace: "nephele-system", name });
      return workloadsOf(one).map((workload) => workloadEntry("cloud.test", owner, workload));
    };
    const [first, second] = [entriesOf("first"), entriesOf("second")];
    const facts = { now: new Date(), graceMs: 0 };
    const held = (entries: readonly Entry[]) => entries.map((entry) => ({ ...entry, extras: [] }));
    const owner = ownerOfCloud({ namespace: "nephele-system", name: "second" });
    const { create } = decideEntries({ ...facts, owner, wanted: second, there: held(first) });
    expect(create.map(({ id }) => id)).toEqual(second.map(({ id }) => id));
    const databaseOf = (entries: readonly Entry[]) => entries.find(({ id }) => id.endsWith("_postgresql"));
    // Each Cloud's is somebody else in the mesh.
    expect(databaseOf(first)?.spiffeId).toBe("spiffe://cloud.test/ns/nephele-system/sa/first-postgresql");
    expect(databaseOf(second)?.spiffeId).toBe("spiffe://cloud.test/ns/nephele-system/sa/second-postgresql");
    expect(databaseOf(first)?.selectors).toContain("k8s:pod-label:app.kubernetes.io/instance:first");
    // What they are told by is on the pods.
    const { spec } = postgresql(registered, 1, "1Gi") as unknown as StatefulSet;
    expect(spec?.template.metadata?.labels).toMatchObject(workloadsOf(registered).at(3)?.podLabels ?? { no: "label" });
  });

  test("are not those that are elsewhere", () => {
    expect(workloadsOf(external).map(({ name }) => name)).toEqual(["keystone", "barbican", "setup"]);
  });
});

test("without SPIRE pods are of no account of their own", () => {
  const plain = aDeployment();
  expect([keystone(plain, "k"), memcached(plain), bootstrapJob(plain)].map(accountOf)).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
