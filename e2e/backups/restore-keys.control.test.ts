import { readFileSync, rmSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { parse } from "yaml";
import { kubectl } from "#e2e/cluster/kubectl.ts";
import { systemNamespace } from "#e2e/cluster/nephele-objects.ts";
import { type Bed, openBed, unique } from "#e2e/harness/bed.ts";
import { coreSecrets } from "#operator/api/foreign.ts";
import { type Age, type AgeKey, openAge } from "./age.ts";
import { openPostgresql, type TestPostgresql } from "./postgresql.ts";
import { type BackupPrograms, openPrograms, type Said } from "./programs.ts";

/** What puts a backup's keys back, against the API server, by its own account. */
let bed: Bed;
let postgresql: TestPostgresql;
let age: Age;
let programs: BackupPrograms;
let keys: readonly AgeKey[];
let token: string;
let server: URL;
let authority: string;

interface Kubeconfig {
  readonly clusters: readonly {
    readonly cluster: { readonly server: string; readonly "certificate-authority-data": string };
  }[];
}

beforeAll(async () => {
  bed = await openBed();
  age = await openAge();
  postgresql = await openPostgresql();
  const { kubectl: program, kubeconfigPath } = bed.cluster;
  token = (await kubectl(program, kubeconfigPath)("create", "token", "nephele-restore", "-n", systemNamespace)).trim();
  const cluster = (parse(readFileSync(kubeconfigPath, "utf8")) as Kubeconfig).clusters[0]?.cluster;
  server = new URL(cluster?.server ?? "");
  authority = Buffer.from(cluster?.["certificate-authority-data"] ?? "", "base64").toString();
});
afterAll(async () => {
  await postgresql?.close();
  await bed?.close();
});

const NAME = "20261126T010000Z";
const secretOf = (key: string): string => `${programs.cloud}-${key}`;
const labels = () => ({ "nephele.dev/cloud": programs.cloud, "nephele.dev/managed-by": "nephele-operator" });

beforeEach(async () => {
  programs = openPrograms(age, postgresql, unique("cloud"));
  keys = await Promise.all([age.key(), age.key()]);
  await postgresql.empty();
  programs.mount("keys/kek/0", "next");
  programs.mount("keys/kek/1", "used");
  programs.mount("keys/fernet/1", "token");
  programs.mount("given/identity", keys[0]?.identity ?? "");
  programs.mount("account/token", token);
  programs.mount("account/ca.crt", authority);
  return async () => {
    for (const key of ["kek", "fernet"])
      await bed.kube.delete(coreSecrets, { namespace: systemNamespace, name: secretOf(key) });
    programs.close();
  };
});

async function backUp(more: Readonly<Record<string, string>> = {}, marks: typeof more = {}): Promise<void> {
  const annotations = { "nephele.dev/key-set": "set-1", "nephele.dev/rewrapped": "1", ...marks };
  const held = { kek: secretOf("kek"), fernet: secretOf("fernet"), ...more };
  const plan = {
    name: NAME,
    recipients: keys.map(({ recipient }) => recipient),
    keys: Object.fromEntries(Object.entries(held).map(([key, name]) => [key, { name, labels: labels(), annotations }])),
  };
  expect(await programs.run("back_up.py", { plan })).toMatchObject({ ok: true });
}

const restore = (plan: Readonly<Record<string, unknown>> = {}): Promise<Said> =>
  programs.run("restore_keys.py", {
    plan: {
      name: NAME,
      account: programs.mounted("account"),
      secretNames: ["kek", "fernet"].map(secretOf),
      ...plan,
    },
    env: { KUBERNETES_SERVICE_HOST: server.hostname, KUBERNETES_SERVICE_PORT: server.port },
  });
const held = (key: string) => bed.kube.get(coreSecrets, { namespace: systemNamespace, name: secretOf(key) });

test("keys come back as they were, with what their databases serve; again changes nothing", async () => {
  await backUp();
  const said = await restore();
  expect(said).toEqual({ ok: true, text: JSON.stringify({ name: NAME, keys: 2 }) });
  const kek = await held("kek");
  expect(kek).toMatchObject({
    type: "Opaque",
    data: { "0": Buffer.from("next").toString("base64"), "1": Buffer.from("used").toString("base64") },
    metadata: {
      labels: labels(),
      annotations: {
        "nephele.dev/key-set": "set-1",
        "nephele.dev/rewrapped": "1",
        "nephele.dev/restored-from": NAME,
        "nephele.dev/schema-oldest": "2026.2",
        "nephele.dev/schema-newest": "2026.2",
      },
    },
  });
  expect(kek?.metadata.ownerReferences).toBeUndefined();
  expect(await restore()).toMatchObject({ ok: true });
  expect((await held("kek"))?.metadata.resourceVersion).toBe(kek?.metadata.resourceVersion);
});

test("a backup of another installation is refused, with what to do; nothing is made", async () => {
  await backUp();
  expect((await restore({ installation: "other" })).text).toMatch(
    /of installation local and this one is other: .* must run with --installation-id=local/,
  );
  expect(await held("kek")).toBeUndefined();
});

test("a backup that holds anything but keys of the Cloud is refused before anything is made", async () => {
  programs.mount("keys/administrator/password", "x");
  await backUp({ administrator: "registry-login" });
  expect((await restore()).text).toBe("the backup holds Secret registry-login, which is no key of this Cloud");
  expect(await held("kek")).toBeUndefined();
});

test("PostgreSQL's passwords, which no backup holds, are refused, and of a forged one no more than keys is made", async () => {
  programs.mount("keys/database/postgres", "x");
  await backUp({ database: secretOf("database") });
  expect((await restore()).text).toBe(`the backup holds Secret ${secretOf("database")}, which is no key of this Cloud`);
  rmSync(programs.backups, { recursive: true });
  rmSync(programs.mounted("keys/database"), { recursive: true });
  await backUp({}, { "kustomize.example.org/a": "b" });
  expect(await restore()).toMatchObject({ ok: true });
  expect((await held("kek"))?.metadata.annotations).not.toHaveProperty("kustomize.example.org/a");
  expect((await held("kek"))?.metadata.annotations).toHaveProperty("nephele.dev/rewrapped", "1");
});

test("what the API server refuses is said by name, without its value", async () => {
  await backUp();
  programs.mount("account/token", "nobody's");
  const said = await restore();
  expect(said).toEqual({ ok: false, text: `the API server refused core Secret ${secretOf("fernet")}: 401` });
});
