import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type KeyPair, openPki } from "#e2e/cluster/pki.ts";
import type { CoreSecret } from "#operator/api/foreign.ts";
import type { Condition } from "#runtime/api/conditions.ts";
import { edgeGateway } from "../children/edge.ts";
import { aDeployment, anEdgesLimits } from "../fixtures.ts";
import type { Gateway, HttpRoute } from "../resources.ts";
import { certificateProblem, edgeProblem, hopOf, listenersNow, presentListeners } from "./edge.ts";

const edge = {
  hostnames: ["cloud.example.org", "keys.example.org"],
  certificate: "cloud-tls",
  className: "nephele",
  limits: anEdgesLimits,
} as const;
const now = new Date();
const folder = mkdtempSync(join(tmpdir(), "edge-"));
let pair: KeyPair;
beforeAll(async () => {
  const authority = await openPki(folder).authority("ca", "ca");
  pair = await authority.issue({ commonName: "cloud", dnsNames: ["cloud.example.org", "*.example.org"] });
});
afterAll(() => rmSync(folder, { recursive: true }));

const secret = (certificate: string | undefined, key: string | undefined, authority?: string): CoreSecret => {
  const encoded = (text: string): string => Buffer.from(text).toString("base64");
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "cloud-tls", uid: "s", resourceVersion: "1", creationTimestamp: "2026-11-26T08:00:00Z" },
    data: {
      ...(certificate === undefined ? {} : { "tls.crt": encoded(certificate) }),
      ...(key === undefined ? {} : { "tls.key": encoded(key) }),
      ...(authority === undefined ? {} : { "ca.crt": encoded(authority) }),
    },
  };
};

describe("a certificate", () => {
  test("for all the names, by itself or by a wildcard, is as it should be", () => {
    expect(certificateProblem(edge, secret(pair.certificate, pair.key), now)).toBeUndefined();
  });

  test("that is not there, or no certificate, or without its key, is named", () => {
    expect(certificateProblem(edge, undefined, now)).toBe(
      "core Secret cloud-tls with the edge's certificate, which is not there",
    );
    expect(certificateProblem(edge, secret(pair.certificate, undefined), now)).toContain("tls.crt, tls.key");
    expect(certificateProblem(edge, secret("words", pair.key), now)).toContain("tls.crt is none");
  });

  test("whose authority is no certificate is named: every Project would get it", () => {
    const problem = (authority: string) => certificateProblem(edge, secret(pair.certificate, pair.key, authority), now);
    expect(problem("words")).toBe("core Secret cloud-tls to hold the certificate's authority in PEM: ca.crt is none");
    // Of a public authority there is none.
    expect(problem("")).toBeUndefined();
    expect(problem(pair.certificate)).toBeUndefined();
  });

  test("that lacks a name, or has ended, is named with it", () => {
    const more = { ...edge, hostnames: ["cloud.example.org", "cloud.example.com"] } as const;
    expect(certificateProblem(more, secret(pair.certificate, pair.key), now)).toBe(
      "a certificate for cloud.example.com: the one in core Secret cloud-tls is not for this name",
    );
    const later = new Date(now.getTime() + 400 * 86_400_000);
    expect(certificateProblem(edge, secret(pair.certificate, pair.key), later)).toMatch(
      /^another certificate: the one in core Secret cloud-tls ended at 20/,
    );
  });
});

const said = (type: string, status: "True" | "False" = "True", generation = 1): Condition => ({
  ...{ type, status, observedGeneration: generation, lastTransitionTime: "2026-11-26T08:00:00Z" },
  ...{ reason: "Because", message: `of ${type}` },
});
const listener = (name: string, ...conditions: readonly Condition[]) => ({ name, conditions });
const whole = [listener("https-0", said("Programmed")), listener("https-1", said("Programmed"))];

const metadata = { uid: "u", resourceVersion: "1", creationTimestamp: "2026-11-26T08:00:00Z", generation: 1 };
const apiVersion = "gateway.networking.k8s.io/v1";

function gatewayWith(conditions: readonly Condition[], listeners = whole): Gateway {
  return {
    apiVersion,
    kind: "Gateway",
    metadata: { ...metadata, name: "default-edge" },
    status: { conditions, listeners },
  };
}
const routesWith = (...conditions: readonly Condition[]): ReadonlyMap<string, HttpRoute | undefined> =>
  new Map([
    [
      "default-edge-identity",
      { apiVersion, kind: "HTTPRoute", metadata: { ...metadata, name: "r" }, status: { parents: [{ conditions }] } },
    ],
  ]);
const good = [said("Accepted"), said("Programmed")];
const taken = routesWith(said("Accepted"), said("ResolvedRefs"));

describe("an edge", () => {
  test("serves where Gateway, listeners and routes are as they should be", () => {
    expect(edgeProblem({ edge, gateway: gatewayWith(good), routes: taken })).toBeUndefined();
  });

  test.each<readonly [string, Gateway | undefined, ReadonlyMap<string, HttpRoute | undefined>, RegExp]>([
    [
      "nobody has looked at the Gateway",
      gatewayWith([]),
      taken,
      /looked at by the controller of the GatewayClass nephele/,
    ],
    ["it was looked at as it was before", gatewayWith([said("Accepted", "True", 0)]), taken, /looked at by/],
    ["it is refused", gatewayWith([said("Accepted", "False")]), taken, /accepted: Because: of Accepted/],
    [
      "a listener is without its certificate",
      gatewayWith(good, [listener("https-0", said("Programmed")), listener("https-1", said("ResolvedRefs", "False"))]),
      taken,
      /serve keys\.example\.org: Because: of ResolvedRefs/,
    ],
    [
      "two listeners want one name",
      gatewayWith(good, [listener("https-0", said("Conflicted", "True"))]),
      taken,
      /serve cloud\.example\.org: Because: of Conflicted/,
    ],
    [
      "it has no address",
      gatewayWith([said("Accepted"), said("Programmed", "False")]),
      taken,
      /^Gateway default-edge to be programmed: of Programmed/,
    ],
    ["a route is not there", gatewayWith(good), new Map([["r", undefined]]), /^HTTPRoute r to be looked at/],
    [
      "a route's Service is not there",
      gatewayWith(good),
      routesWith(said("Accepted"), said("ResolvedRefs", "False")),
      /^HTTPRoute default-edge-identity to be accepted: Because: of ResolvedRefs/,
    ],
    ["there is no Gateway yet", undefined, taken, /^a Gateway, which is made now$/],
  ])("does not where %s", (_where, gateway, routes, problem) => {
    expect(edgeProblem({ edge, gateway, routes })).toMatch(problem);
  });
});

describe("the listeners of an edge", () => {
  const [first, second] = ["cloud.example.org", "keys.example.org"].map((hostname) => ({
    ...{ hostname, certificate: "cloud-tls" },
  })) as [{ hostname: string; certificate: string }, { hostname: string; certificate: string }];
  const former = { hostname: "old.example.org", certificate: "old-tls" };
  const catalog = ["https://old.example.org/identity/v3", "https://old.example.org/key-manager"];

  test.each([
    ["are those that are wanted", { present: [], catalog: [] }, [first, second]],
    [
      "keep the name that the catalog has, by its own certificate",
      { present: [former], catalog },
      [first, second, former],
    ],
    [
      "keep it until both services have moved",
      { present: [former], catalog: catalog.slice(1) },
      [first, second, former],
    ],
    [
      "lose it then",
      { present: [first, second, former], catalog: ["https://cloud.example.org/identity/v3"] },
      [first, second],
    ],
    [
      "have a wanted name once",
      { present: [first], catalog: ["https://cloud.example.org/key-manager"] },
      [first, second],
    ],
    [
      "stay as they are while the certificate is not for what is wanted",
      { present: [former], catalog, isUsable: false },
      [former],
    ],
    ["are none until there is a certificate", { present: [], catalog: [], isUsable: false }, []],
  ])("%s", (_how, facts, expected) => {
    expect(listenersNow({ edge, isUsable: true, ...facts })).toEqual(expected);
  });

  test("are read from the Gateway that was made of them", () => {
    const deployment = aDeployment({
      gateway: {
        hostnames: [former.hostname],
        certificateSecretRef: { name: "old-tls" },
        className: "nephele",
        limits: anEdgesLimits,
      },
    });
    if (deployment.edge === undefined) throw new Error("it has no edge");
    expect(presentListeners(edgeGateway(deployment, deployment.edge) as unknown as Gateway)).toEqual([former]);
    expect(presentListeners(undefined)).toEqual([]);
  });
});

describe("the hop to the services", () => {
  const facts = { hasSidecars: true, isOurs: true, isMeshReady: true, now: undefined } as const;

  test.each([
    ["mutual TLS where all have sidecars", facts, "mesh"],
    ["in clear text until then", { ...facts, isMeshReady: false }, "clear"],
    ["and stays mutual TLS while one of them is away", { ...facts, isMeshReady: false, now: "mesh" } as const, "mesh"],
    ["in clear text where sidecars are taken away", { ...facts, hasSidecars: false, now: "mesh" } as const, "clear"],
    ["in clear text by another's class, which has no identities", { ...facts, isOurs: false }, "clear"],
  ] as const)("is %s", (_how, of, hop) => {
    expect(hopOf(of)).toBe(hop);
  });
});
