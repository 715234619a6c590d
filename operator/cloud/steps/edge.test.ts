import { describe, expect, test } from "vitest";
import { CONTROLLER_NAME } from "#operator/api/gateway-api.ts";
import type { CloudSpec } from "#operator/api/generated/cloud.ts";
import type { Desired, KubeObject, ObjectKey } from "#runtime/api/object.ts";
import { type Resource, resourceName } from "#runtime/api/resource.ts";
import { NotSyncedError } from "#runtime/watch/cache.ts";
import { signingPair, valuesOfPairs } from "../decide/signing-keys.ts";
import type { CloudDeployment, EdgeWish } from "../deployment.ts";
import { aDeployment, anEdgesLimits } from "../fixtures.ts";
import { gatewayClasses, gateways, httpRoutes } from "../resources.ts";
import type { CloudScope } from "../scope.ts";
import { ensureEdge } from "./edge.ts";
import { ensureEdgeLimits } from "./edge-limits.ts";

const rolledOut = { replicas: 1, readyReplicas: 1, updatedReplicas: 1 };

/** What the step writes and says, by what is there. */

const gatewayOf = (...hostnames: readonly string[]): NonNullable<CloudSpec["gateway"]> => ({
  ...{
    hostnames: [...hostnames],
    certificateSecretRef: { name: "cloud-tls" },
    className: "nephele",
    limits: anEdgesLimits,
  },
});

interface World {
  readonly objects?: readonly [Resource, string, object][];
  /** Where routes may not be listed. */
  readonly forbidden?: boolean;
}

async function pass(deployment: CloudDeployment, { objects = [], forbidden = false }: World) {
  const written: Desired[] = [];
  const there: readonly [Resource, string, object][] = [
    [gatewayClasses as Resource, "nephele", { spec: { controllerName: CONTROLLER_NAME } }],
    ...objects,
  ];
  const cache = {
    isForbidden: (resource: Resource) => forbidden && resourceName(resource) === resourceName(httpRoutes as Resource),
    get: (resource: Resource, { name }: ObjectKey) => {
      if (cache.isForbidden(resource)) throw new NotSyncedError("routes not listed yet");
      return there.find(([of, called]) => resourceName(of) === resourceName(resource) && called === name)?.[2];
    },
  };
  const scope = {
    ...{ cache, deps: {}, results: new Map(), now: new Date(), endpoints: deployment.cloud.status?.endpoints },
    object: deployment.cloud,
    fieldOwner: () => "test",
    kube: { apply: async (_resource: Resource, object: Desired) => void written.push(object) },
  } as unknown as CloudScope;
  return { outcome: await ensureEdge(scope, deployment), written, serves: scope.edgeServes };
}

describe("a Cloud in a namespace where routes may not be listed", () => {
  const deployment = aDeployment({ gateway: gatewayOf("cloud.example.org") });

  test("says which right is missing, and where it is given", async () => {
    const { outcome, written } = await pass(deployment, { forbidden: true });
    expect(outcome).toMatchObject({
      kind: "waiting",
      for: "the right to list HTTPRoutes in namespace nephele-system: the Role nephele:cloud-edge and its RoleBinding, charts/nephele/rbac/edge.yaml",
    });
    expect(written).toEqual([]);
  });

  test("the control: where they may, it is about the certificate", async () => {
    expect((await pass(deployment, {})).outcome).toMatchObject({ for: expect.stringContaining("cloud-tls") as string });
  });
});

describe("a Cloud that is given another host name", () => {
  const wanted = gatewayOf("new.example.org");
  const deployment = aDeployment({ gateway: wanted });
  const present = {
    metadata: { name: "default-edge", ownerReferences: [{ uid: deployment.cloud.metadata.uid }] },
    spec: {
      listeners: [{ name: "https-0", hostname: "old.example.org", tls: { certificateRefs: [{ name: "cloud-tls" }] } }],
    },
  } as unknown as KubeObject;

  test("goes on by the one that it has while the certificate is not for the new one", async () => {
    const { outcome, written } = await pass(deployment, { objects: [[gateways as Resource, "default-edge", present]] });
    expect(outcome).toMatchObject({ kind: "waiting", for: expect.stringContaining("cloud-tls") as string });
    expect(JSON.stringify(written)).not.toContain("new.example.org");
    expect(written.map(({ kind, spec }) => [kind, JSON.stringify(spec).includes("old.example.org")])).toEqual([
      ["Gateway", true],
      ["HTTPRoute", true],
      ["HTTPRoute", true],
      ["EdgePolicy", false],
      ["EdgePolicy", false],
    ]);
  });

  test("and one that has none yet is given nothing until there is a certificate", async () => {
    expect((await pass(deployment, {})).written).toEqual([]);
  });
});

describe("the limits of an edge", () => {
  const className = "nephele";
  const deployment = aDeployment({ gateway: gatewayOf("cloud.example.org") });
  const { cloud, edge } = deployment;
  if (edge === undefined) throw new Error("this Cloud has no edge");
  const pairs = valuesOfPairs({ "0": signingPair(), "1": signingPair() });
  const own = { ownerReferences: [{ uid: cloud.metadata.uid }] };
  const policy = (jwt?: object) => ({ metadata: { name: "default-edge-tokens", ...own }, spec: { jwt } });
  const complete = {
    metadata: { generation: 2 },
    spec: { replicas: 1 },
    status: { ...rolledOut, observedGeneration: 2 },
  };
  const notComplete = { ...complete, status: { ...rolledOut, observedGeneration: 2, replicas: 2 } };

  async function limits(facts: {
    readonly isOurs?: boolean;
    readonly isForbidden?: boolean;
    readonly keystone?: object;
    readonly there?: object;
  }) {
    const { isOurs = true, isForbidden = false, keystone, there } = facts;
    const written: Desired[] = [];
    const removed: string[] = [];
    const scope = {
      ...{ object: cloud, fieldOwner: () => "test", custody: { keySet: "1", values: () => pairs } },
      cache: {
        isForbidden: () => isForbidden,
        hasSynced: () => true,
        get: (resource: Resource, { name }: ObjectKey) => {
          if (name === "default-keystone-2026-2") return keystone;
          return resource.plural === "edgepolicies" && name === "default-edge-tokens" ? there : undefined;
        },
      },
      kube: {
        apply: async (_resource: Resource, object: Desired) => void written.push(object),
        delete: async (_resource: Resource, { name }: ObjectKey) => void removed.push(name),
      },
    } as unknown as CloudScope;
    const said = await ensureEdgeLimits(scope, deployment, edge as EdgeWish, isOurs);
    const isChecked = JSON.stringify(written).includes('"jwks"');
    return { said, isChecked, written: written.map(({ metadata }) => metadata.name), removed };
  }

  test("are written, and waited for, where the proxies are ours", async () => {
    const { said, written } = await limits({});
    expect(written).toEqual(["default-edge-logins", "default-edge-tokens"]);
    expect(said.problem).toBe("EdgePolicy default-edge-logins to be looked at");
  });

  test.each([
    ["not while no pod of Keystone is known", {}, false],
    ["not while a pod of Keystone may make other tokens", { keystone: notComplete }, false],
    ["once all make those of the format jws", { keystone: complete }, true],
    ["and then while pods come and go", { there: policy({ jwks: "{}" }) }, true],
    ["where there is a policy that checks none: not yet", { there: policy() }, false],
  ])("check tokens by the public halves of the Cloud's keys: %s", async (_when, facts, expected) => {
    expect((await limits(facts)).isChecked).toBe(expected);
  });

  test("are taken away, and that is said, where other proxies serve", async () => {
    const { said, written, removed } = await limits({ isOurs: false, there: policy() });
    expect(written).toEqual([]);
    expect(removed).toEqual(["default-edge-tokens"]);
    expect(said.absence).toBe(`proxies of the class ${className} do not know EdgePolicies`);
  });

  test("are not asked for without the right to, and that is said", async () => {
    const { said, written } = await limits({ isForbidden: true });
    expect(written).toEqual([]);
    expect(said.absence).toContain("the right to list EdgePolicies in namespace nephele-system is missing");
  });
});
