import { describe, expect, test } from "vitest";
import { CONTROLLER_NAME } from "#operator/api/gateway-api.ts";
import type { CloudSpec } from "#operator/api/generated/cloud.ts";
import type { Desired, KubeObject, ObjectKey } from "#runtime/api/object.ts";
import { type Resource, resourceName } from "#runtime/api/resource.ts";
import { NotSyncedError } from "#runtime/watch/cache.ts";
import type { CloudDeployment } from "../deployment.ts";
import { aDeployment } from "../fixtures.ts";
import { gatewayClasses, gateways, httpRoutes } from "../resources.ts";
import type { CloudScope } from "../scope.ts";
import { ensureEdge } from "./edge.ts";

/** What the step writes and says, by what is there. */

const gatewayOf = (...hostnames: readonly string[]): NonNullable<CloudSpec["gateway"]> => ({
  ...{ hostnames: [...hostnames], certificateSecretRef: { name: "cloud-tls" }, className: "nephele" },
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
    ]);
  });

  test("and one that has none yet is given nothing until there is a certificate", async () => {
    expect((await pass(deployment, {})).written).toEqual([]);
  });
});
