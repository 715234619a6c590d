import { describe, expect, test } from "vitest";
import { type AuditEvent, parseAudit, withoutEarlyRefusals } from "./audit-log.ts";
import { rightsUsed } from "./rights-used.ts";
import { countWrites } from "./writes.ts";

const operator = "system:serviceaccount:nephele-system:nephele-operator";
const servers = { resource: "servers", apiGroup: "nephele.dev", namespace: "team-a", name: "web-1" };

function event(changes: Partial<AuditEvent> & { readonly annotations?: Record<string, string> }): AuditEvent {
  return {
    auditID: "1",
    stage: "ResponseComplete",
    verb: "patch",
    user: { username: operator },
    userAgent: "nephele-operator/0.1.0",
    objectRef: servers,
    requestURI: "/apis/nephele.dev/v1alpha1/namespaces/team-a/servers/web-1",
    requestReceivedTimestamp: "2026-11-25T15:00:00.000000Z",
    responseStatus: { code: 200 },
    ...changes,
  };
}

describe("reading the log", () => {
  test("a last line that is half written, and other stages, are left out", () => {
    const line = JSON.stringify(event({}));
    const early = JSON.stringify(event({ stage: "RequestReceived" }));
    expect(parseAudit(`${line}\n${early}\n${line}\n{"kind":"Ev`)).toHaveLength(2);
  });
});

describe("refusals of an API server that has just started", () => {
  const start = event({
    verb: "get",
    user: { username: "system:apiserver" },
    objectRef: { resource: "priorityclasses", name: "system-node-critical" },
    requestReceivedTimestamp: "2026-11-25T15:10:00.000000Z",
  });
  const at = (time: string, code: number): AuditEvent =>
    event({ requestReceivedTimestamp: `2026-11-25T${time}.000000Z`, responseStatus: { code } });

  test.each([
    ["are left out", [at("15:10:03", 403)], []],
    ["count when it has been up for a while", [at("15:11:00", 403)], [at("15:11:00", 403)]],
    ["count before it", [at("15:09:00", 403)], [at("15:09:00", 403)]],
    ["leave alone what it allows", [at("15:10:03", 200)], [at("15:10:03", 200)]],
  ])("%s", (_, events, left) => {
    expect(withoutEarlyRefusals([start, ...events])).toEqual([start, ...left]);
  });
});

describe("counting writes", () => {
  const count = (...changes: Parameters<typeof event>[0][]) =>
    countWrites(changes.map(event), { user: operator, userAgent: /^nephele-operator/ });

  test("a write is counted by kind, with its subresource, and by object", () => {
    expect(count({}, { objectRef: { ...servers, subresource: "status" } })).toEqual({
      total: 2,
      events: 0,
      byKind: { "patch servers.nephele.dev": 1, "patch servers.nephele.dev/status": 1 },
      byObject: { "servers.nephele.dev team-a/web-1": 2 },
    });
  });

  test.each([
    ["a read", { verb: "get" }],
    ["a watch", { verb: "watch" }],
    ["a Lease renewal", { objectRef: { resource: "leases", apiGroup: "coordination.k8s.io" } }],
    ["a write of somebody else", { user: { username: "admin" } }],
    ["a write of another program of the same user", { userAgent: "kubectl" }],
    ["a write in somebody else's name", { impersonatedUser: { username: "dev-1" } }],
  ])("%s does not count", (_, changes) => {
    expect(count(changes).total).toBe(0);
  });

  test("an Event is counted apart", () => {
    const objectRef = { resource: "events", apiGroup: "events.k8s.io", namespace: "team-a" };
    expect(count({ verb: "create", objectRef })).toMatchObject({ total: 0, events: 1 });
  });

  test("a write that is refused costs as much as one that is not", () => {
    expect(count({ responseStatus: { code: 409 } }).total).toBe(1);
  });
});

describe("rights used", () => {
  const used = (...changes: Parameters<typeof event>[0][]) =>
    rightsUsed(changes.map(event), { user: operator, userAgent: /^nephele-operator/ }, (namespace) =>
      namespace === undefined ? "cluster" : "projects",
    );

  test("are verb, group, resource with subresource, and scope", () => {
    const { allowed } = used({ objectRef: { ...servers, subresource: "status" } });
    expect([...allowed.keys()]).toEqual(["patch servers.nephele.dev/status (projects)"]);
  });

  test("a Namespace is the cluster's, though its requests carry a namespace", () => {
    const { allowed } = used({ verb: "get", objectRef: { resource: "namespaces", namespace: "a", name: "a" } });
    expect([...allowed.keys()]).toEqual(["get namespaces (cluster)"]);
  });

  test("what RBAC refuses is told from what admission refuses", () => {
    const code = { responseStatus: { code: 403 } };
    const byAdmission = { ...code, annotations: { "authorization.k8s.io/decision": "allow" } };
    const byRbac = { ...code, verb: "delete", annotations: { "authorization.k8s.io/decision": "forbid" } };
    const { allowed, refused } = used(byAdmission, byRbac);
    expect([...allowed.keys()]).toEqual(["patch servers.nephele.dev (projects)"]);
    expect([...refused.keys()]).toEqual(["delete servers.nephele.dev (projects)"]);
  });

  test("an apply that makes the object uses the right to create, and a watch stands for a list", () => {
    const { allowed } = used({ responseStatus: { code: 201 } }, { verb: "watch" });
    expect([...allowed.keys()]).toEqual([
      "patch servers.nephele.dev (projects)",
      "create servers.nephele.dev (projects)",
      "watch servers.nephele.dev (projects)",
      "list servers.nephele.dev (projects)",
    ]);
  });

  test("what another program does in the same name does not count", () => {
    expect(used({ userAgent: "kubectl" }).allowed.size).toBe(0);
  });

  test("what is no resource needs no rule of ours", () => {
    const { objectRef: _, ...readyz } = event({ verb: "get" });
    expect(rightsUsed([readyz], { user: operator, userAgent: /^nephele-operator/ }, () => "cluster").allowed.size).toBe(
      0,
    );
  });
});
