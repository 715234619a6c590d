import { describe, expect, test } from "vitest";
import { CONTROLLER_NAME, childName, type GatewayClass } from "#operator/api/gateway-api.ts";
import { HEALTH_PORT } from "#operator/envoy/bootstrap.ts";
import { gatewayAccount, gatewayProxy, probePort } from "../../xds-control-plane/cluster-view/gateway-proxies.ts";
import { controllerName } from "../../xds-control-plane/cluster-view/view.ts";
import { aGateway } from "./fixtures.ts";
import { entriesOf, identifiedAmong } from "./identities.ts";
import { proxyOf } from "./names.ts";
import { ownershipOf } from "./ownership.ts";

const owner = { apiVersion: "gateway.networking.k8s.io/v1", kind: "Gateway", name: "web", uid: "gateway-uid" };

function gatewayClass(name: string, controllerName: string): GatewayClass {
  const metadata = { name, uid: name, resourceVersion: "1", creationTimestamp: "2026-11-26T08:00:00Z" };
  return { apiVersion: "gateway.networking.k8s.io/v1", kind: "GatewayClass", metadata, spec: { controllerName } };
}

test("the control plane knows the proxies by the same names", () => {
  const gateway = aGateway();
  expect([CONTROLLER_NAME, HEALTH_PORT]).toEqual([controllerName, probePort]);
  expect(childName("web")).toBe(gatewayAccount("web"));
  expect(proxyOf(gateway).proxyClass).toBe(gatewayProxy(gateway));
});

describe("whose proxies are somebody", () => {
  const classes = [gatewayClass("nephele", "nephele.dev/gateway"), gatewayClass("other", "example.org/gateway")];
  const account = (uid: string) => ({
    ...aGateway({}, { name: "web-gateway", ownerReferences: [{ ...owner, uid }] }),
    kind: "ServiceAccount",
  });
  const own = [account("gateway-uid")];

  test.each([
    ["whose class is ours", "nephele", own, true],
    ["whose class is not there, as when it was deleted by mistake", "missing", own, true],
    ["whose class is another controller's", "other", own, false],
    ["that has no account yet", "nephele", [], false],
    ["whose account is another's", "nephele", [account("another-uid")], false],
  ])("a Gateway %s", (_name, gatewayClassName, accounts, expected) => {
    const gateway = aGateway({ gatewayClassName });
    expect(identifiedAmong([gateway], classes, accounts)).toEqual(expected ? [gateway] : []);
  });
});

describe("who the proxies are", () => {
  test("an account that no application beside the Gateway would have, for one container of its pods", () => {
    expect(
      entriesOf("cloud.test", [aGateway({}, { name: "web" }), aGateway({}, { name: "api", namespace: "a" })]),
    ).toEqual([
      {
        id: "nephele_gateways_a.api",
        spiffeId: "spiffe://cloud.test/ns/a/sa/api-gateway",
        parentId: "spiffe://cloud.test/nodes/nephele",
        selectors: ["k8s:ns:a", "k8s:sa:api-gateway", "k8s:container-name:envoy"],
      },
      {
        id: "nephele_gateways_shop.web",
        spiffeId: "spiffe://cloud.test/ns/shop/sa/web-gateway",
        parentId: "spiffe://cloud.test/nodes/nephele",
        selectors: ["k8s:ns:shop", "k8s:sa:web-gateway", "k8s:container-name:envoy"],
      },
    ]);
  });

  test("none of a Gateway that is not run", () => {
    expect(entriesOf("cloud.test", [aGateway({}, { name: "web.example.org" })])).toEqual([]);
  });
});

describe("an object that has the name of what a Gateway needs", () => {
  const object = (metadata: object) => ({ ...aGateway({}, { name: "web-gateway", ...metadata }), kind: "Service" });

  test.each([
    ["is not there", undefined, "free"],
    ["is this Gateway's", object({ ownerReferences: [owner] }), "ours"],
    ["is this Gateway's and going", object({ ownerReferences: [owner], deletionTimestamp: "now" }), "former"],
    ["is of a Gateway that had the name before", object({ ownerReferences: [{ ...owner, uid: "old" }] }), "former"],
    ["is somebody's", object({}), "foreign"],
    ["is of another Gateway", object({ ownerReferences: [{ ...owner, name: "api", uid: "other" }] }), "foreign"],
  ])("%s", (_name, current, expected) => {
    expect(ownershipOf(current, aGateway())).toBe(expected);
  });
});
