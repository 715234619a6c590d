import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureGatewayApi } from "#e2e/cluster/gateway-api.ts";
import { type Bed, openBed, unique } from "#e2e/harness/bed.ts";
import { namespaces } from "#operator/api/foreign.ts";
import { gateways } from "#operator/api/gateway-api.ts";
import { keyOf } from "#runtime/api/object.ts";
import type { Resource } from "#runtime/api/resource.ts";
import { alreadyApplied } from "#runtime/client/applied.ts";
import { jwksOf, signingPair, valuesOfPairs } from "../decide/signing-keys.ts";
import { aDeployment, anEdgesLimits } from "../fixtures.ts";
import { edgePolicies as edgePolicyResource, httpRoutes } from "../resources.ts";
import { edgeGateway, edgePolicies, edgeRoutes } from "./edge.ts";

/** An edge's objects under Gateway API's own definitions, and their rules. */

const namespace = unique("edge");
const plain = aDeployment({
  gateway: {
    hostnames: ["cloud.example.org", "keys.example.org"],
    certificateSecretRef: { name: "cloud-tls" },
    className: "nobodys",
    limits: anEdgesLimits,
  },
});
let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
  await ensureGatewayApi(bed.cluster);
  await bed.kube.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
});
afterAll(async () => {
  await bed?.kube.delete(namespaces, { name: namespace });
  await bed?.close();
});

test("are taken, and are as they were made when they are read again: at rest nothing is written", async () => {
  const { edge } = plain;
  if (edge === undefined) throw new Error("this Cloud has no edge");
  const jwks = jwksOf(valuesOfPairs({ "0": signingPair(), "1": signingPair() }));
  const made = [
    edgeGateway(plain, edge),
    ...edgePolicies(plain, edge, undefined),
    ...edgePolicies(plain, edge, jwks),
    ...edgeRoutes(plain, edge, "mesh"),
    ...edgeRoutes(plain, edge, "clear"),
  ];
  const resources: Readonly<Record<string, Resource>> = {
    Gateway: gateways,
    HTTPRoute: httpRoutes,
    EdgePolicy: edgePolicyResource,
  };
  for (const { metadata, ...rest } of made) {
    // Without its owner, which is nowhere: it would be collected.
    const { ownerReferences: _owners, ...own } = metadata;
    const object = { ...rest, metadata: { ...own, namespace } };
    const resource = resources[object.kind] as Resource;
    await bed.kube.apply(resource, object, { fieldOwner: "test", force: true });
    const read = await bed.kube.get(resource, keyOf(object));
    expect(alreadyApplied(read, object)).toBe(true);
  }
  // Control: another hop is another object.
  const [clear] = edgeRoutes(plain, edge, "clear");
  const [mesh] = edgeRoutes(plain, edge, "mesh");
  const { ownerReferences: _owners, ...own } = mesh?.metadata ?? { name: "" };
  const read = await bed.kube.get(httpRoutes, { namespace, name: own.name });
  expect(alreadyApplied(read?.spec, clear?.["spec"])).toBe(true);
  expect(alreadyApplied(read?.spec, mesh?.["spec"])).toBe(false);
});
