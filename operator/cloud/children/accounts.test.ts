import { describe, expect, test } from "vitest";
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
