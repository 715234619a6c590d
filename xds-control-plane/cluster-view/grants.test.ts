import { expect, test } from "vitest";
import { offersCertificates } from "./grants.ts";
import type { ReferenceGrant } from "./kinds.ts";

const group = "gateway.networking.k8s.io";
type Kinds = ReadonlyArray<{ readonly group: string; readonly kind: string }>;
const grant = (from: string, to: Kinds, fromGroup = group): ReferenceGrant => ({
  apiVersion: `${group}/v1`,
  kind: "ReferenceGrant",
  metadata: { name: "g", namespace: "certificates", uid: "u", resourceVersion: "1", creationTimestamp: "" },
  spec: { from: [{ group: fromGroup, kind: from, namespace: "edge" }], to },
});
const secret = { group: "", kind: "Secret" };
const service = { group: "", kind: "Service" };

test.each([
  ["Gateways may refer to Secrets", grant("Gateway", [service, secret]), true],
  ["routes may refer to Services", grant("HTTPRoute", [service]), false],
  ["Gateways may refer to something else", grant("Gateway", [service]), false],
  ["somebody else may refer to Secrets", grant("HTTPRoute", [secret]), false],
  ["there is another kind of that name", grant("Gateway", [{ group: "example.org", kind: "Secret" }]), false],
  ["another kind of Gateway may refer to Secrets", grant("Gateway", [secret], "networking.istio.io"), false],
])("where %s", (_what, each, expected) => {
  expect(offersCertificates(each)).toBe(expected);
});
