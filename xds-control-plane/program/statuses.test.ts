import { describe, expect, test } from "vitest";
import type { KubeObject } from "#runtime/api/object.ts";
import { type TrustDomain, trustDomain } from "#spiffe/spiffe-id.ts";
import type { Gateway, HttpRoute } from "../cluster-view/kinds.ts";
import { clusterObjects } from "../cluster-view/objects.ts";
import { controllerName, viewOf } from "../cluster-view/view.ts";
import { Rejections } from "./rejections.ts";
import { statusWrites } from "./statuses.ts";

const domain = trustDomain("mesh.test");
const none = new Rejections("one");
const early = new Date("2026-01-01T00:00:00Z");
const later = new Date("2026-01-02T00:00:00Z");
const metadata = {
  namespace: "a",
  uid: "u",
  resourceVersion: "1",
  generation: 3,
  creationTimestamp: "2026-01-01T00:00:00Z",
};
const apiVersion = "gateway.networking.k8s.io/v1";

const gatewayClass: KubeObject = {
  apiVersion,
  kind: "GatewayClass",
  metadata: { ...metadata, name: "ours" },
  spec: { controllerName },
};
const gateway: Gateway = {
  apiVersion,
  kind: "Gateway",
  metadata: { ...metadata, name: "edge" },
  spec: { gatewayClassName: "ours", listeners: [{ name: "http", port: 80, protocol: "HTTP" }] },
};
const foreign = { parentRef: { name: "other" }, controllerName: "example.test/other", conditions: [] };
const route: HttpRoute = {
  apiVersion,
  kind: "HTTPRoute",
  metadata: { ...metadata, name: "all" },
  spec: { parentRefs: [{ name: "edge" }], rules: [] },
  status: { parents: [foreign] },
};

/** The objects after the writes that a look at them asks for. */
function written(objects: readonly KubeObject[], now: Date, of?: TrustDomain): readonly KubeObject[] {
  const writes = statusWrites(viewOf(clusterObjects(objects), of), now, none);
  return objects.map((object) => {
    const write = writes.find((each) => each.object === object);
    return write === undefined ? object : { ...object, status: { ...(object.status as object), ...write.status } };
  });
}

describe("statuses", () => {
  test("are written once, and keep what other controllers say and when a condition last changed", () => {
    const all = written([gatewayClass, gateway, route], early);
    expect(statusWrites(viewOf(clusterObjects(all), undefined), later, none)).toEqual([]);
    const { parents } = (all[2] as HttpRoute).status ?? { parents: [] };
    expect(parents[0]).toEqual(foreign);
    expect(parents[1]).toMatchObject({ controllerName, parentRef: { name: "edge" } });
    const [accepted] = parents[1]?.conditions ?? [];
    expect(accepted).toMatchObject({ type: "Accepted", status: "True", observedGeneration: 3 });
    expect(accepted?.lastTransitionTime).toBe("2026-01-01T00:00:00Z");
  });

  test("are written again where the view changed, with the time of what did", () => {
    const all = written([gatewayClass, gateway, route], early);
    const changed = all.map((object) =>
      object.kind === "HTTPRoute"
        ? { ...object, spec: { parentRefs: [{ name: "edge", sectionName: "none" }], rules: [] } }
        : object,
    );
    const writes = statusWrites(viewOf(clusterObjects(changed), undefined), later, none);
    expect(writes.map(({ object }) => object.kind)).toEqual(["Gateway", "HTTPRoute"]);
    const [, { status } = { status: {} }] = writes;
    expect(JSON.stringify(status)).toContain("NoMatchingParent");
  });

  test("of a route whose parents are ours no more are taken back, and others' stay", () => {
    const attached = written([gatewayClass, gateway, route], early)[2] as HttpRoute;
    expect(attached.status?.parents).toHaveLength(2);
    const [detached] = written([attached], later) as [HttpRoute];
    expect(detached.status?.parents).toEqual([foreign]);
    expect(statusWrites(viewOf(clusterObjects([detached]), undefined), later, none)).toEqual([]);

    const parentRef = { group: "", kind: "Service", name: "web" };
    const ofService = { ...route, status: { parents: [{ parentRef, controllerName, conditions: [] }] } };
    expect(written([ofService], later, domain)[0]?.status).toEqual({ parents: [] });
    // Without identities there is no mesh, and it is not ours to speak of.
    expect(statusWrites(viewOf(clusterObjects([ofService]), undefined), later, none)).toEqual([]);
  });

  test("of a policy keep what other controllers say, and take back what is said no more", () => {
    const ancestorRef = { group: "", kind: "Service", name: "web" };
    const others = { ancestorRef, controllerName: "example.test/other", conditions: [] };
    const gone = { ancestorRef: { ...ancestorRef, name: "gone" }, controllerName: "nephele.dev/mesh", conditions: [] };
    const policy: KubeObject = {
      apiVersion: "nephele.dev/v1alpha1",
      kind: "AccessPolicy",
      metadata: { ...metadata, name: "web" },
      spec: { mode: "Enforce", targetRefs: [ancestorRef] },
      status: { ancestors: [others, gone] },
    };
    const all = written([policy], early, domain);
    const [{ status } = policy] = all;
    const { ancestors } = status as { readonly ancestors: readonly object[] };
    expect(ancestors[0]).toEqual(others);
    expect(ancestors[1]).toMatchObject({ ancestorRef, controllerName: "nephele.dev/mesh" });
    expect(ancestors).toHaveLength(2);
    expect(statusWrites(viewOf(clusterObjects(all), domain), later, none)).toEqual([]);
    // Without identities there is no mesh, and it is not ours to speak of.
    expect(statusWrites(viewOf(clusterObjects([policy]), undefined), later, none)).toEqual([]);
  });
});
