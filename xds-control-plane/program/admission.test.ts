import type { PeerCertificate } from "node:tls";
import { expect, test } from "vitest";
import { createLogger } from "#runtime/observe/log.ts";
import { type SpiffeId, spiffeId, type TrustDomain, trustDomain } from "#spiffe/spiffe-id.ts";
import { gatewayAccount } from "../cluster-view/gateway-proxies.ts";
import { listenerOn, meshOf, proxyOf, ruleTo, serviceAt } from "../mesh-fixtures.ts";
import { type Client, Refusal } from "../server/client.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { SnapshotStore } from "../snapshot/store.ts";
import { Admission } from "./admission.ts";
import { Publisher } from "./publisher.ts";

const domain = trustDomain("cloud.test");
const [web, gone] = ["workload/a/web", "workload/a/gone"] as const;
const edge = "gateway/a/edge";
const idOf = (name: string): SpiffeId => {
  const [kind, , called = ""] = name.split("/");
  return spiffeId(`spiffe://cloud.test/ns/a/sa/${kind === "gateway" ? gatewayAccount(called) : called}`);
};
const identity = (name: string) => ({
  identity: { id: idOf(name), source: { kind: "agent", cluster: "agent" } } as const,
});
const of = (name: string, to: string) => proxyOf(name, [listenerOn(80, [ruleTo("/", to)])], identity(name));
const mesh = meshOf([of(web, "a"), of(edge, "a")], [serviceAt("a", [1])]);

function open(of: TrustDomain | undefined) {
  const snapshots = new SnapshotStore();
  const publisher = new Publisher(snapshots, createLogger({ level: "fatal" }));
  const admission = new Admission(of, snapshots, publisher);
  const publish = (made: typeof mesh): void => {
    publisher.publish(made);
    admission.published(made);
  };
  return { snapshots, admission, publish };
}

const client = (name: string, peer: string | undefined = idOf(name)): Client => ({
  node: { id: name, cluster: "", encoded: new Uint8Array() },
  address: "",
  certificate: peer === undefined ? undefined : ({ subjectaltname: `URI:${peer}` } as PeerCertificate),
});
const isEmpty = (snapshot: Snapshot | undefined): boolean =>
  snapshot !== undefined && snapshot.view("listener").resources.size === 0;

test("sidecars whose class is not there are served nothing, also those that came before there was a mesh", () => {
  const { snapshots, admission, publish } = open(domain);
  for (const name of [web, gone]) expect(admission.admit(client(name))).toBe(name);
  expect(snapshots.groups()).toEqual([]);
  publish(mesh);
  expect(isEmpty(snapshots.current(gone))).toBe(true);
  expect(isEmpty(snapshots.current(web))).toBe(false);
  expect(admission.admit(client("workload/a/later"))).toBe("workload/a/later");
  expect(isEmpty(snapshots.current("workload/a/later"))).toBe(true);
});

test("one that came before there was a mesh and cannot be served waits, and is served nothing once its class is gone", () => {
  const { snapshots, admission, publish } = open(domain);
  admission.admit(client(web));
  publish(meshOf([of(web, "nowhere")], []));
  expect(snapshots.current(web)).toBeUndefined();
  publish(meshOf([], []));
  expect(isEmpty(snapshots.current(web))).toBe(true);
});

test("who has another identity is let in nowhere, and no class is made of its name", () => {
  const { snapshots, admission, publish } = open(domain);
  expect(() => admission.admit(client(gone, idOf(web)))).toThrow(Refusal);
  publish(mesh);
  expect(() => admission.admit(client(gone, idOf(web)))).toThrow(Refusal);
  expect(snapshots.current(gone)).toBeUndefined();
});

test("a Gateway that is not there has no class; a class that cannot be served keeps what it had", () => {
  const { admission, publish } = open(domain);
  publish(meshOf([of(web, "nowhere"), of(edge, "a")], [serviceAt("a", [1])]));
  expect(admission.admit(client(edge))).toBe(edge);
  expect(() => admission.admit(client("gateway/a/none"))).toThrow("there is no class of proxies");
  expect(() => admission.admit(client(web))).toThrow("cannot be served as it is now");
});

test("without identities there are no sidecars", () => {
  const { snapshots, admission, publish } = open(undefined);
  admission.admit(client(gone, undefined));
  publish(mesh);
  expect(snapshots.current(gone)).toBeUndefined();
  expect(() => admission.admit(client(gone, undefined))).toThrow("there is no class of proxies");
});
