import { expect, test } from "vitest";
import { spiffeId, trustDomain } from "#spiffe/spiffe-id.ts";
import { meshOf, proxyOf } from "../mesh-fixtures.ts";
import { refusalOf } from "./proxy-identity.ts";

const domain = trustDomain("cloud.test");
const id = spiffeId("spiffe://cloud.test/ns/a/sa/keystone");
const mesh = meshOf(
  [proxyOf("sidecar", [], { identity: { id, source: { kind: "agent", cluster: "agent" } } }), proxyOf("plain", [])],
  [],
);
const edge = "spiffe://cloud.test/ns/team-a/sa/edge-gateway";
const may = undefined;

test.each<[string, string | undefined, string, string | undefined]>([
  ["a Gateway's proxy is the ServiceAccount named after it", edge, "gateway/team-a/edge", may],
  ["an application of its name is not", "spiffe://cloud.test/ns/team-a/sa/edge", "gateway/team-a/edge", "may not be"],
  ["not that of another namespace", edge, "gateway/team-b/edge", 'may not be a proxy of "gateway/team-b/edge"'],
  ["not another of its namespace", "spiffe://cloud.test/ns/team-a/sa/web", "gateway/team-a/edge", "may not be"],
  ["nor of another trust domain", "spiffe://away.test/ns/team-a/sa/edge-gateway", "gateway/team-a/edge", "may not be"],
  ["a sidecar is its ServiceAccount, before the mesh knows it", id, "workload/a/keystone", may],
  ["a sidecar is nobody else's", edge, "workload/a/keystone", "may not be"],
  ["a name that climbs out of its namespace is nobody's", id, "workload/../keystone", "may not be"],
  ["a sidecar is who the mesh says", id, "sidecar", may],
  ["and nobody else", edge, "sidecar", "may not be"],
  ["a class without an identity is nobody's", id, "plain", "may not be"],
  ["a class that is not there is nobody's", id, "nothing", "may not be"],
  ["no path is read out of a name", "spiffe://cloud.test/ns/a/sa/b/c", "gateway/a/b/c", "may not be"],
  ["who shows nothing is nobody", undefined, "gateway/team-a/edge", "has to show its SVID"],
])("%s", (_what, peer, name, problem) => {
  const said = refusalOf(peer, name, mesh, domain);
  if (problem === undefined) expect(said).toBeUndefined();
  else expect(said).toContain(problem);
});

test("a Gateway's proxy is known before the view is filled; a denied one is refused", () => {
  expect(refusalOf(edge, "gateway/team-a/edge", undefined, domain)).toBeUndefined();
  expect(refusalOf(id, "sidecar", undefined, domain)).toContain("may not be");
  expect(refusalOf(edge, "gateway/team-a/edge", meshOf([], [], [edge]), domain)).toBe(`${edge} is denied`);
});
