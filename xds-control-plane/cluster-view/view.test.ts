import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import type { NewCondition } from "#runtime/api/conditions.ts";
import { trustDomain } from "#spiffe/spiffe-id.ts";
import { problemsOf } from "../mesh/check.ts";
import { Compiler } from "../translate/compile.ts";
import { translate } from "../translate/translate.ts";
import { gatewayDuration } from "./duration.ts";
import { intersection } from "./hostnames.ts";
import { absence } from "./listeners.ts";
import { clusterObjects, type ReadByName } from "./objects.ts";
import { selects } from "./selector.ts";
import { viewOf } from "./view.ts";
import { agentCluster } from "./workloads.ts";

/** `GOLDEN=write` writes the files anew; a person looks at what differs. */
const isWritten = process.env["GOLDEN"] === "write";
const [inputs, outputs] = ["cases", "golden"].map((name) => join(import.meta.dirname, name)) as [string, string];
const domain = trustDomain("mesh.test");
const names = readdirSync(inputs).map((file) => file.replace(/\.yaml$/, ""));

function objectsOf(name: string): ReturnType<typeof clusterObjects> {
  const documents = parseAllDocuments(readFileSync(join(inputs, `${name}.yaml`), "utf8"));
  const objects = documents.map((each) => each.toJS() as { kind: string; metadata: { name: string } });
  const creationTimestamp = "2026-01-01T00:00:00Z";
  return clusterObjects(
    objects.map((object) => ({
      apiVersion: "",
      ...object,
      metadata: { uid: "", resourceVersion: "1", creationTimestamp, ...object.metadata },
    })),
  );
}

/** The first use of a message's type makes its code, which takes a second or more of processor time. It is no measure of anything. */
const patience = { timeout: 60_000 };

/** Cases of proxies that are deployed say so by their names. */
const runOf = (name: string): "deployed" | "elsewhere" => (name.startsWith("deployed") ? "deployed" : "elsewhere");

const text = (conditions: readonly NewCondition[]): readonly string[] =>
  conditions.map(({ type, status, reason, message }) => `${type}=${status} ${reason}: ${message}`);

describe("a cluster as a mesh, with its conditions", () => {
  test.each(names)("%s is as its golden file says", (name) => {
    const view = viewOf(objectsOf(name), domain, runOf(name));
    const result = {
      classes: view.classes.map(({ gatewayClass, conditions }) => [gatewayClass.metadata.name, text(conditions)]),
      gateways: view.gateways.map(({ gateway, conditions, addresses, listeners }) => ({
        name: gateway.metadata.name,
        ...(addresses === undefined ? {} : { addresses }),
        conditions: text(conditions),
        listeners: listeners.map((each) => ({ ...each, conditions: text(each.conditions) })),
      })),
      routes: view.routes.map(({ route, kind, parents }) => ({
        name: `${kind} ${route.metadata.namespace}/${route.metadata.name}`,
        parents: parents.map(({ parentRef, conditions }) => ({ parentRef, conditions: text(conditions) })),
      })),
      backendTls: view.backendTls.map(({ policy, gateways, conditions }) => ({
        name: policy.metadata.name,
        gateways,
        conditions: text(conditions),
      })),
      policies: view.policies.map(({ policy, targets }) => ({
        name: `${policy.metadata.namespace}/${policy.metadata.name}`,
        targets: targets.map((each) => ({ ...each, conditions: text(each.conditions) })),
      })),
      edgePolicies: view.edgePolicies.map(({ policy, targets }) => ({
        name: `${policy.metadata.namespace}/${policy.metadata.name}`,
        targets: targets.map((each) => ({ ...each, conditions: text(each.conditions) })),
      })),
      denials: view.denials.map(({ denial, conditions }) => ({ id: denial.spec.id, conditions: text(conditions) })),
      proxies: [...view.mesh.proxies.values()],
      services: [...view.mesh.services.values()],
    };
    const written = `${JSON.stringify(result, null, 2)}\n`;
    const file = join(outputs, `${name}.golden.json`);
    if (isWritten) {
      mkdirSync(outputs, { recursive: true });
      writeFileSync(file, written);
    }
    expect(written).toBe(readFileSync(file, "utf8"));
  });

  test.each(names)("%s can be served", patience, (name) => {
    const { mesh } = viewOf(objectsOf(name), domain);
    for (const proxy of mesh.proxies.values()) {
      expect(problemsOf(mesh, proxy)).toEqual([]);
      new Compiler({ bootstrapClusters: [agentCluster] }).compile(translate(mesh, proxy));
    }
  });

  test.each([
    ["backend-tls", "a"],
    ["listeners", "shop"],
  ])("%s: what was read is used, though more of its namespace may not be", (name, namespace) => {
    const objects = { ...objectsOf(name), unreadableIn: new Set([namespace]) };
    expect(viewOf(objects, domain).mesh).toEqual(viewOf(objectsOf(name), domain).mesh);
    // Control: of what was not read it is said.
    const said = JSON.stringify(viewOf({ ...objects, secrets: [], configMaps: [] }, domain));
    expect(said.includes(`may not be read: bind the ClusterRole nephele:xds-certificates in ${namespace}`)).toBe(true);
  });

  test("of a Secret that is read by its name, and is not there, it is said what is known", () => {
    const objects = { ...objectsOf("listeners"), unreadableIn: new Set(["shop"]), secrets: [] };
    const names = objects.gateways.flatMap(({ spec }) =>
      (spec?.listeners ?? []).flatMap(({ tls }) => (tls?.certificateRefs ?? []).map(({ name }) => `shop/${name}`)),
    );
    const said = (state?: ReadByName): string => {
      const byName = new Map(state === undefined ? [] : names.map((name) => [name, state]));
      return JSON.stringify(viewOf({ ...objects, byName }, domain).gateways);
    };
    expect(names.length).toBeGreaterThan(0);
    expect(said("readable")).not.toContain("may not be read");
    expect(said("readable")).toContain("is not there");
    for (const state of [undefined, "forbidden"] as const) expect(said(state)).toContain("may not be read");
    expect(said("awaited")).toContain("is being read");
    expect(said("failed")).toContain("could not be read");
    expect(said("excess")).toContain("is one too many");
  });

  test("of a ConfigMap nothing is said that is known of a Secret", () => {
    const known = { unreadableIn: new Set(["shop"]), byName: new Map([["shop/undefined", "excess" as const]]) };
    expect(absence("shop", known)).toContain("may not be read");
    // Control: of the Secret it is.
    expect(absence("shop", known, "undefined")).toContain("is one too many");
  });

  test("each golden file belongs to a case", () => {
    expect(readdirSync(outputs).sort()).toEqual(names.map((name) => `${name}.golden.json`).sort());
  });
});

test.each([
  [undefined, [], ["*"]],
  ["a.test", [], ["a.test"]],
  [undefined, ["a.test"], ["a.test"]],
  ["*.test", ["a.test", "a.b.test", "test", "*.b.test"], ["a.test", "a.b.test", "*.b.test"]],
  ["a.b.test", ["*.test", "A.B.TEST"], ["a.b.test"]],
  ["a.test", ["b.test"], []],
] as const)("host names of a listener for %s and a route for %j are %j", (listener, route, both) => {
  expect(intersection(listener, route)).toEqual(both);
});

test.each([
  ["1h30m", 5_400_000],
  ["500ms", 500],
  ["10s", 10_000],
  ["0s", 0],
  ["", undefined],
  ["1d", undefined],
  ["1.5s", undefined],
  ["-1s", undefined],
] as const)("the duration %j is %j ms", (written, ms) => {
  expect(gatewayDuration(written)).toBe(ms);
});

test("a selector looks at labels by value, set and presence", () => {
  const expression = (operator: "In" | "NotIn" | "Exists" | "DoesNotExist", values?: string[]) => ({
    matchExpressions: [{ key: "a", operator, ...(values && { values }) }],
  });
  const all = [
    {},
    { matchLabels: { a: "1" } },
    expression("In", ["1"]),
    expression("NotIn", ["1"]),
    expression("Exists"),
    expression("DoesNotExist"),
  ];
  expect(all.map((each) => selects(each, { a: "1" }))).toEqual([true, true, true, false, true, false]);
  expect(all.map((each) => selects(each, {}))).toEqual([true, false, false, true, false, true]);
});
