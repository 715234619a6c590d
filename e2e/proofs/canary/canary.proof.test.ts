import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { openStack } from "#e2e/clients/operator-clients.ts";
import { processRecords } from "#e2e/cluster/process-records.ts";
import { untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { type GuestBed, openGuestBed } from "#e2e/scenarios/guest-bed.ts";
import { coreSecrets } from "#operator/api/foreign.ts";
import { projects, secrets, servers } from "#operator/api/resources.ts";
import type { Desired, KubeObject } from "#runtime/api/object.ts";
import { defineResource, type Resource } from "#runtime/api/resource.ts";
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

let bed: GuestBed;
let namespace: string;
let canaries: readonly Canary[];
let search: Searcher;
const aValue = (): string => `canary-${randomBytes(16).toString("hex")}`;
/** Stands in the open, on purpose, wherever is searched: where it is not found, the search is broken. */
const open: Canary = { name: "the value in the open", value: aValue() };

/** Has the operator handle one secret of each way that a payload can go, a guest that is given them, and a Project's credential. */
beforeAll(async () => {
  bed = await openGuestBed();
  const team = await bed.tenant();
  namespace = team.name;
  const [copied, userData] = [aValue(), aValue()];
  const at = (name: string) => ({ name, namespace });
  const source = (name: string, value: string): Desired => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: at(name),
    data: { value: Buffer.from(value).toString("base64") },
  });
  await bed.kube.apply(coreSecrets, source("source", copied), OWNER);
  await bed.kube.apply(coreSecrets, source("own", `#cloud-config\npassword: ${userData}\n`), OWNER);
  await leaveInTheOpen();
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
  await team.activeImage("debian");
  await team.runningServer("web", {
    flavorRef: { name: await bed.flavor("canary") },
    imageRef: { name: "debian" },
    userData: { secretKeyRef: { name: "own", key: "value" } },
    files: [{ path: "/etc/app/password", secretRef: { name: "generated" } }],
  });
  canaries = [
    { name: "the copied payload", value: copied },
    { name: "the user data", value: userData },
    { name: "the generated payload", value: await valueIn("generated-synced", "value") },
    { name: "the application credential's secret", value: credentialIn(await valueIn("clouds", "clouds.yaml")) },
    { name: "the operator's password", value: readFileSync(openStack().operator.passwordFile, "utf8").trim() },
    open,
  ];
  search = searcherFor(canaries);
});

afterAll(async () => {
  const gone = async (resource: Resource, name: string): Promise<void> => {
    await bed.kube.delete(resource, { name, namespace });
    await untilGone(bed.kube, resource, { name, namespace });
  };
  // A Secret stays for as long as a Server uses it.
  await gone(servers, "web");
  await gone(secrets, "copied");
  await gone(secrets, "generated");
  await bed.close();
});

/** In an object, in Keystone's database, and in what the API server and Barbican log of requests. */
async function leaveInTheOpen(): Promise<void> {
  const data = { value: open.value };
  await bed.kube.apply(
    configMaps,
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "open", namespace }, data },
    OWNER,
  );
  await bed.domain.createUser(open.value);
  await bed.kube.list(configMaps, { namespace, labelSelector: `canary=${open.value}` });
  const id = (await bed.kube.get(projects, { name: namespace }))?.status?.id ?? "";
  await bed.cloud.project(id).barbican.secrets.listByName(open.value);
}

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
      within("the generated payload", "nephele-files-web"),
      within("the user data", "own"),
      within("the user data", "nephele-user-data-web"),
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
    const inTheOpen = findings.filter(({ canary }) => canary === open.name).map(({ place }) => basename(place));
    expect(inTheOpen).toEqual(expect.arrayContaining(["audit.log", "barbican.log"]));
    expect(findings.filter(({ canary }) => canary !== open.name)).toEqual([]);
  });

  test("PostgreSQL's files hold none: Barbican encrypts payloads, Keystone keeps hashes", () => {
    const postgres = processRecords(bed.cluster.stateDir).find("postgres");
    const folder = postgres?.args[postgres.args.indexOf("-D") + 1] ?? "";
    const { bytes, findings } = searchPath(search, folder);
    expect(bytes).toBeGreaterThan(1_000_000);
    expect(findings.map(({ canary }) => canary)).toContain(open.name);
    expect(findings.filter(({ canary }) => canary !== open.name)).toEqual([]);
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
