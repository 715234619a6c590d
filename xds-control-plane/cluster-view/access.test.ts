import { describe, expect, test } from "vitest";
import { accessBy, policiesByPort, readPolicies } from "./access.ts";
import type { AccessPolicy } from "./generated/accesspolicy.ts";
import type { MeshService } from "./mesh-services.ts";

const [http, bytes] = [
  { name: "http", service: "a/web/http", protocol: "http" },
  { name: "bytes", service: "a/web/bytes", protocol: "tcp" },
];
const web = { ports: [http, bytes] } as unknown as MeshService;

function policy(mode: "Enforce" | "Audit", sectionName?: string, methods?: readonly string[]): AccessPolicy {
  return {
    apiVersion: "nephele.dev/v1alpha1",
    kind: "AccessPolicy",
    metadata: { namespace: "a", name: mode.toLowerCase() },
    spec: {
      mode,
      targetRefs: [{ group: "", kind: "Service", name: "web", ...(sectionName === undefined ? {} : { sectionName }) }],
      rules: [
        { callers: [{ id: "spiffe://example.org/ns/a/sa/caller" }], ...(methods === undefined ? {} : { methods }) },
      ],
    },
  } as unknown as AccessPolicy;
}

const access = (port: { readonly service: string }, ...policies: readonly AccessPolicy[]) =>
  accessBy(policiesByPort(readPolicies(policies, () => web)).get(port.service) ?? []).enforced;

describe("access, where a policy in force is not accepted", () => {
  test.each([
    ["it speaks of methods at a port of bytes", policy("Enforce", undefined, ["GET"])],
    ["it names a port that is not there", policy("Enforce", "htpp")],
  ])("because %s, one on trial beside it opens nothing", (_why, broken) => {
    for (const port of [http, bytes]) expect(access(port, broken, policy("Audit"))).toEqual([]);
  });

  test("another in force still lets in whom it names", () => {
    expect(access(http, policy("Enforce", "htpp"), policy("Enforce", "http"))).toHaveLength(1);
  });

  test("the control: a trial alone lets everybody in", () => {
    expect(access(http, policy("Audit"))).toBe("everyone");
    // One that is not accepted either does not.
    expect(access(http, policy("Audit", "htpp"))).toEqual([]);
  });
});
