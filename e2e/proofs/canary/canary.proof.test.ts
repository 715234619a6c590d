import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { openStack } from "#e2e/clients/operator-clients.ts";
import { processRecords } from "#e2e/cluster/process-records.ts";
import { unique } from "#e2e/harness/bed.ts";
import { untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { openProjectBed, type ProjectBed } from "#e2e/scenarios/project-bed.ts";
import { coreSecrets } from "#operator/api/foreign.ts";
import { secrets } from "#operator/api/resources.ts";
import type { KubeObject } from "#runtime/api/object.ts";
import { defineResource } from "#runtime/api/resource.ts";
import { searchPath } from "./files.ts";
import { searchObjects } from "./objects.ts";
import { searchProcesses } from "./processes.ts";
import { type Expected, judge } from "./report.ts";
import { type Canary, type Searcher, searcherFor } from "./search.ts";

const configMaps = defineResource<KubeObject>({
  group: "",
  version: "v1",
  plural: "configmaps",
  kind: "ConfigMap",
  namespaced: true,
});
const OWNER = { fieldOwner: "test", force: true } as const;

let bed: ProjectBed;
let namespace: string;
let canaries: readonly Canary[];
let search: Searcher;
/** Stands in a ConfigMap, on purpose: where it is not found, the search is broken. */
const open: Canary = { name: "the value in the open", value: `canary-${randomBytes(16).toString("hex")}` };

/** Has the operator handle one secret of each way that a payload can go, and a Project's credential. */
beforeAll(async () => {
  bed = await openProjectBed();
  namespace = unique("canary");
  await bed.ready(namespace);
  const copied = `canary-${randomBytes(16).toString("hex")}`;
  const data = { value: Buffer.from(copied).toString("base64") };
  const at = (name: string) => ({ name, namespace });
  await bed.kube.apply(coreSecrets, { apiVersion: "v1", kind: "Secret", metadata: at("source"), data }, OWNER);
  await bed.kube.apply(
    configMaps,
    { apiVersion: "v1", kind: "ConfigMap", metadata: at("open"), data: { value: open.value } },
    OWNER,
  );
  const wanted = {
    copied: { type: "opaque", source: { secretKeyRef: { name: "source", key: "value" } } },
    generated: { type: "passphrase", source: { generate: { length: 32 } } },
  };
  for (const [name, spec] of Object.entries(wanted)) {
    const secret = { ...spec, syncTo: { name: `${name}-synced`, key: "value" } };
    const object = { apiVersion: "nephele.dev/v1alpha1", kind: "Secret", metadata: at(name), spec: secret };
    await bed.kube.apply(secrets, object, OWNER);
    await untilReady(bed.kube, secrets, at(name));
  }
  canaries = [
    { name: "the copied payload", value: copied },
    { name: "the generated payload", value: await valueIn("generated-synced", "value") },
    { name: "the application credential's secret", value: credentialIn(await valueIn("clouds", "clouds.yaml")) },
    { name: "the operator's password", value: readFileSync(openStack().operator.passwordFile, "utf8").trim() },
    open,
  ];
  search = searcherFor(canaries);
});

afterAll(async () => {
  for (const name of ["copied", "generated"]) {
    await bed.kube.delete(secrets, { name, namespace });
    await untilGone(bed.kube, secrets, { name, namespace });
  }
  await bed.close();
});

async function valueIn(name: string, key: string): Promise<string> {
  const secret = await bed.kube.get(coreSecrets, { name, namespace });
  return Buffer.from(secret?.data?.[key] ?? "", "base64").toString("utf8");
}

function credentialIn(cloudsYaml: string): string {
  const { clouds } = parse(cloudsYaml) as {
    clouds: Record<string, { auth: { application_credential_secret: string } }>;
  };
  const [first] = Object.values(clouds);
  if (first === undefined) throw new Error("clouds.yaml names no cloud");
  return first.auth.application_credential_secret;
}

describe("canary", () => {
  test("of all objects of all kinds only the named core Secrets hold a payload or a credential", async () => {
    const { places, findings } = await searchObjects(search, bed.transport);
    const within = (canary: string, name: string): Expected => ({ canary, place: `secrets ${namespace}/${name}` });
    const system = findings
      .filter(
        ({ canary, place }) => canary === "the operator's password" && place.startsWith("secrets nephele-system/"),
      )
      .map(({ canary, place }) => ({ canary, place }));
    const expected = [
      within("the copied payload", "source"),
      within("the copied payload", "copied-synced"),
      within("the generated payload", "generated-synced"),
      within("the application credential's secret", "clouds"),
      { canary: open.name, place: `configmaps ${namespace}/open` },
      // The core Secret that each Cloud names for the operator's login.
      ...system,
    ];
    expect(judge(findings, expected)).toEqual({ leaks: [], missed: [] });
    expect(system.length).toBeGreaterThan(0);
    expect(places).toBeGreaterThan(100);
  });

  test("etcd's files, raw, hold none; what is in the open is found there", () => {
    const { bytes, findings } = searchPath(search, bed.cluster.etcdDataDir);
    expect(bytes).toBeGreaterThan(1_000_000);
    expect(findings.map(({ canary }) => canary)).toContain(open.name);
    expect(findings.filter(({ canary }) => canary !== open.name)).toEqual([]);
  });

  test("no log holds one: the operator's, Keystone's, Barbican's, PostgreSQL's, the API server's audit log", () => {
    const { places, findings } = searchPath(search, bed.cluster.logsDir);
    expect(places).toBeGreaterThan(8);
    expect(findings.filter(({ canary }) => canary !== open.name)).toEqual([]);
  });

  test("PostgreSQL's files hold none: Barbican encrypts payloads, Keystone keeps hashes", () => {
    const postgres = processRecords(bed.cluster.stateDir).find("postgres");
    const folder = postgres?.args[postgres.args.indexOf("-D") + 1] ?? "";
    const { bytes, findings } = searchPath(search, folder);
    expect(bytes).toBeGreaterThan(1_000_000);
    expect(findings).toEqual([]);
  });

  test("no process shows one in its arguments or environment", () => {
    const pids = processRecords(bed.cluster.stateDir)
      .all()
      .map(({ pid }) => pid);
    const { places, findings } = searchProcesses(search, pids);
    expect(places).toBeGreaterThan(20);
    expect(findings).toEqual([]);
  });

  test("control: one that is planted where it does not belong is found there", async () => {
    const value = canaries.find(({ name }) => name === "the copied payload")?.value;
    const leak = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "leak", namespace }, data: { value } };
    await bed.kube.apply(configMaps, leak, OWNER);
    const { findings } = await searchObjects(search, bed.transport);
    const { leaks } = judge(
      findings.filter(({ place }) => place.startsWith("configmaps ")),
      [{ canary: open.name, place: `configmaps ${namespace}/open` }],
    );
    expect(leaks).toEqual([`the copied payload stands in configmaps ${namespace}/leak (raw)`]);
  });
});
