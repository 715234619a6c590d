import { execFile } from "node:child_process";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { type Age, type AgeKey, openAge } from "#e2e/backups/age.ts";
import { ensurePostgresql } from "#e2e/backups/postgresql.ts";
import { unique } from "#e2e/harness/bed.ts";
import { untilCondition, untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { folderOfClaim } from "#e2e/node/claim-folder.ts";
import { openstack } from "#e2e/node/openstack.ts";
import { searcherFor } from "#e2e/proofs/canary/search.ts";
import { coreSecrets, persistentVolumeClaims } from "#operator/api/foreign.ts";
import type { Cloud, CloudSpec } from "#operator/api/generated/cloud.ts";
import { clouds, projects, secrets } from "#operator/api/resources.ts";
import { configMaps, statefulSets } from "#operator/cloud/resources.ts";
import { timeText } from "#runtime/api/time.ts";
import { images } from "../../images/build.ts";
import {
  administratorsView,
  asAdministrator,
  at,
  type CloudBed,
  MINUTES,
  OPERATOR,
  openCloudBed,
} from "./cloud-bed.ts";
import { type OwnCloud, openOwnCloud } from "./own-cloud.ts";
import { openTenantRequests, type TenantRequests } from "./tenant-requests.ts";

/** A Cloud with backups that is lost with all its keys and data, and comes back. */
const name = unique("cloud").slice(2);
const OLDER = ["keystone:2026.1", "barbican:2026.1"];
const NEXT_TO_IT = "stored-after-the-backup";
const payload = { name: "payload", value: unique("payload-that-comes-back") };

let bed: CloudBed;
let own: OwnCloud;
let age: Age;
let keys: readonly AgeKey[];
let spec: Partial<CloudSpec> & { readonly instances: 1 };

beforeAll(async () => {
  bed = await openCloudBed(inject("nodeStateDir"));
  age = await openAge();
  keys = await Promise.all([age.key(), age.key()]);
  const recipients = keys.map(({ recipient }) => recipient);
  const backup = { every: "24h", keep: 2, recipients, target: { storage: "1Gi" } };
  // Of the release before the newest, so that an upgrade is left.
  await bed.node.importImages(await images(OLDER, (line) => process.stderr.write(`${line}\n`)));
  spec = { release: "2026.1", instances: 1, backup };
  own = await openOwnCloud(bed, name, spec);
}, 15 * MINUTES);
afterAll(async () => {
  await own?.close();
  await bed?.kube.delete(persistentVolumeClaims, at(`${name}-backups`));
  await bed?.kube.delete(coreSecrets, at(`${name}-identity`));
  await bed?.close();
}, 9 * MINUTES);

const cloud = async (): Promise<Cloud> => (await bed.kube.get(clouds, at(name))) as Cloud;
const secret = () => ({ namespace: own.project, name: "db-password" });
const untilCloud = (expected: Parameters<typeof untilCondition>[3], withinMs?: number): Promise<Cloud> =>
  untilCondition(bed.kube, clouds, at(name), expected, withinMs);
/** The core Secret with a private key, as a person brings it. */
const bringIdentity = (identity: string): Promise<unknown> => {
  const object = { apiVersion: "v1", kind: "Secret", metadata: at(`${name}-identity`), stringData: { identity } };
  return bed.kube.apply(coreSecrets, object, { fieldOwner: "test", force: true });
};

/** Waits until a request for a backup is answered by one that is whole. Gives its name. */
function untilAnswered(requestedAt: string): Promise<string> {
  let seen: unknown;
  return eventually(
    "the backup to be whole",
    async () => {
      const { backup, conditions } = (await cloud()).status ?? {};
      seen = conditions?.find(({ type }) => type === "BackupReady");
      return backup?.answeredRequest === requestedAt && backup.last?.name;
    },
    { withinMs: 3 * MINUTES, seen: () => seen },
  );
}

/** Asks for a backup now, and waits until it is whole. Gives its name. */
async function backUp(): Promise<string> {
  const requestedAt = timeText(new Date());
  await bed.kube.mergePatch(clouds, at(name), { spec: { backup: { requestedAt } } });
  return untilAnswered(requestedAt);
}

/** The folder of a backup, as the node has it. */
const folderOf = async (backup: string): Promise<string> =>
  join(await folderOfClaim(bed.node, at(name).namespace, `${name}-backups`), name, backup);

/** What a tenant's project has in Barbican, as its administrator and the tenant see it. */
async function inventory(): Promise<readonly string[]> {
  const listed = await openstack(bed.node, own.project, "secret", "list", "-f", "value", "-c", "Secret href");
  const ids = listed.text
    .split("\n")
    .filter((line) => line !== "")
    .map((href) => href.slice(href.lastIndexOf("/") + 1));
  const known = await asAdministrator(bed, name, "project", "list", "-c", "ID", "-c", "Name");
  return [...ids, ...known.split("\n")].sort();
}

describe("a Cloud with backups", () => {
  let id: string;
  let later: string;
  let lost: TenantRequests;
  let back: TenantRequests | undefined;
  let backup: string;
  let before: readonly string[];
  let users: readonly string[];
  let synced: string | undefined;
  let refs: string;
  afterAll(() => back?.close());

  const syncedValue = async () => (await bed.kube.get(coreSecrets, secret()))?.data?.["password"];
  const applySecret = async (): Promise<void> => {
    const source = { type: "passphrase", source: { generate: { length: 32 } }, protected: false };
    const syncTo = { name: "db-password", key: "password" };
    const object = {
      apiVersion: "nephele.dev/v1alpha1",
      kind: "Secret",
      metadata: secret(),
      spec: { ...source, syncTo },
    };
    await bed.kube.apply(secrets, object, { fieldOwner: "test", force: true });
    await untilReady(bed.kube, secrets, secret(), MINUTES);
  };

  test(
    "has one by itself, and another for a request, which hold neither a payload nor a key that can be read",
    async () => {
      const first = await untilCloud({ type: "BackupReady", status: "True" }, 3 * MINUTES);
      expect(first.status?.backup).toMatchObject({ kept: 1, next: expect.any(String) as string });
      id = await own.tenant.store(payload.value);
      await applySecret();
      synced = await syncedValue();
      refs = JSON.stringify((await bed.kube.get(secrets, secret()))?.status?.versions);
      before = await inventory();
      ({ users } = await administratorsView(bed, name));
      backup = await backUp();
      later = await own.tenant.store(NEXT_TO_IT);

      const { data = {} } = (await bed.kube.get(coreSecrets, at(`${name}-kek`))) ?? {};
      const held = Object.entries(data).map(([key, value]) => ({
        name: `kek ${key}`,
        value: Buffer.from(value, "base64").toString(),
      }));
      expect(held.length).toBeGreaterThan(1);
      const search = searcherFor([...held, payload, { name: "tenant", value: own.project }]);
      const folder = await folderOf(backup);
      const files = readdirSync(folder).sort();
      expect(files).toEqual(["barbican.dump.age", "keys.json.age", "keystone.dump.age", "manifest.json"]);
      for (const file of files) expect([file, search(readFileSync(join(folder, file)))]).toEqual([file, []]);
      process.stderr.write(
        `${files.map((file) => `${file} ${statSync(join(folder, file)).size} bytes`).join(", ")}; snapshots ${JSON.stringify((JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as { readonly snapshots: unknown }).snapshots)}\n`,
      );
      // The controls: opened, the same searcher finds every key, and the dump names what the tenant has.
      const [key] = keys;
      if (key === undefined) throw new Error("there is no key");
      const found = search(await age.open(join(folder, "keys.json.age"), key)).map(({ canary }) => canary);
      expect(found).toEqual(expect.arrayContaining(held.map((each) => each.name)));
      const dump = join(bed.node.cluster.stateDir, `${name}.dump`);
      writeFileSync(dump, await age.open(join(folder, "keystone.dump.age"), key), { mode: 0o600 });
      const bin = await ensurePostgresql();
      const { stdout } = await promisify(execFile)(join(bin, "pg_restore"), [
        "--data-only",
        "--table=project",
        "-f-",
        dump,
      ]);
      expect(stdout).toContain(own.project);
    },
    8 * MINUTES,
  );

  test(
    "tries the last one in a drill: by a private key that is not its own it says so, by its own it counts what came back",
    async () => {
      const drill = async (identity: string): Promise<void> => {
        await bringIdentity(identity);
        const requestedAt = new Date().toISOString();
        const identitySecretRef = { name: `${name}-identity` };
        await bed.kube.mergePatch(clouds, at(name), {
          spec: { backup: { drill: { requestedAt, identitySecretRef } } },
        });
      };
      await drill((await age.key()).identity);
      await untilCloud(
        { type: "Drilled", status: "False", reason: "DrillFailed", message: /the identity is of none of the backup's/ },
        2 * MINUTES,
      );
      await drill(keys[0]?.identity ?? "");
      const drilled = await untilCloud({ type: "Drilled", status: "True" }, 3 * MINUTES);
      const { lastDrill } = drilled.status?.backup ?? {};
      process.stderr.write(`${JSON.stringify(lastDrill)}\n`);
      expect(lastDrill).toMatchObject({ name: backup, secrets: 2 });
      expect(lastDrill?.projects).toBeGreaterThan(1);
      await bed.kube.delete(coreSecrets, at(`${name}-identity`));
    },
    7 * MINUTES,
  );

  test(
    "is lost with keys and data, and another of its name comes back out of the backup: tokens, users, secrets",
    async () => {
      lost = own.tenant;
      const { region } = (await cloud()).spec;
      await bed.kube.delete(projects, { name: own.project });
      await untilGone(bed.kube, projects, { name: own.project }, 5 * MINUTES);
      await bed.kube.delete(clouds, at(name));
      await untilGone(bed.kube, clouds, at(name), 3 * MINUTES);
      await untilGone(bed.kube, persistentVolumeClaims, at(`data-${name}-postgresql-0`), MINUTES);
      for (const gone of ["kek", "fernet", "jws", "credential", "database"])
        expect(await bed.kube.get(coreSecrets, at(`${name}-${gone}`))).toBeUndefined();
      expect(await bed.kube.get(configMaps, at(`${name}-custody`))).toBeUndefined();

      const { instances, ...same } = spec;
      await bringIdentity(`${keys[1]?.identity ?? ""}\n`);
      const restore = {
        from: { persistentVolumeClaim: { claimName: `${name}-backups` }, name: backup },
        identitySecretRef: { name: `${name}-identity` },
      };
      const deployed = { region, identity: {}, keyManager: {}, protected: false, onDelete: "Delete" };
      const started = performance.now();
      await bed.kube.create(clouds, {
        apiVersion: "nephele.dev/v1alpha1",
        kind: "Cloud",
        metadata: at(name),
        spec: { ...deployed, database: { bundled: { instances, storage: "1Gi" } }, ...same, restore },
      });
      // In the middle: keys are there, and nothing else.
      await eventually(
        "the keys to be put back",
        async () => (await bed.kube.get(coreSecrets, at(`${name}-kek`))) !== undefined,
        {
          withinMs: 2 * MINUTES,
        },
      );
      expect(await bed.kube.get(statefulSets, at(`${name}-postgresql`))).toBeUndefined();
      await bed.kill(OPERATOR);
      const restored = await untilReady(bed.kube, clouds, at(name), 5 * MINUTES);
      process.stderr.write(
        `Ready ${((performance.now() - started) / 1000).toFixed(0)} s after the Cloud was made again\n`,
      );
      expect(restored.status?.restore).toMatchObject({ name: backup, completedAt: expect.any(String) as string });
      await untilCloud({
        type: "Restored",
        status: "True",
        message: new RegExp(`delete core Secret ${name}-identity.* Projects that are not there: ${own.project}$`),
      });

      // By the token that the tenant had, and then by its application credential.
      back = await openTenantRequests(bed.node, name, own.project, lost.session());
      expect(await back.ask(id)).toBe(payload.value);
      await back.login();
      expect(await back.ask(id)).toBe(payload.value);
      // The control: what was stored after the backup is not there.
      await expect(back.ask(later)).rejects.toThrow("Barbican answered 404");
      expect((await administratorsView(bed, name)).users).toEqual(users);
    },
    16 * MINUTES,
  );

  test(
    "has for tenants' objects, applied again, what is theirs: nothing is made twice",
    async () => {
      await bed.kube.create(projects, {
        apiVersion: "nephele.dev/v1alpha1",
        kind: "Project",
        metadata: { name: own.project },
        spec: { domain: "Default", cloudRef: at(name), protected: false, onDelete: "Delete" },
      });
      await untilReady(bed.kube, projects, { name: own.project }, MINUTES);
      await applySecret();
      expect(JSON.stringify((await bed.kube.get(secrets, secret()))?.status?.versions)).toBe(refs);
      expect(await syncedValue()).toBe(synced);
      expect(await inventory()).toEqual(before);
    },
    5 * MINUTES,
  );

  test(
    "says of a backup that cannot be made what the pod waits for, and the last one stays",
    async () => {
      const { last } = (await cloud()).status?.backup ?? {};
      const requestedAt = timeText(new Date());
      const target = (claimName: string | null) =>
        claimName === null
          ? { storage: "1Gi", persistentVolumeClaim: null }
          : { storage: null, persistentVolumeClaim: { claimName } };
      await bed.kube.mergePatch(clouds, at(name), {
        spec: { backup: { requestedAt, target: target("no-such-claim") } },
      });
      const waiting = await untilCloud(
        { type: "BackupReady", status: "False", message: /no node takes it: .*"no-such-claim" not found/ },
        2 * MINUTES,
      );
      expect(waiting.status?.backup?.last).toEqual(last);
      expect(await bed.isReady(name)).toBe(true);
      await bed.kube.mergePatch(clouds, at(name), { spec: { backup: { target: target(null) } } });
      await untilAnswered(requestedAt);
      await untilCloud({ type: "BackupReady", status: "True" });
    },
    6 * MINUTES,
  );

  test(
    "makes the next backup with the keys that came back, and keeps as many as it is told",
    async () => {
      const next = await backUp();
      expect(next > backup).toBe(true);
      expect((await cloud()).status?.backup).toMatchObject({ last: { name: next }, kept: 2 });
    },
    5 * MINUTES,
  );

  test(
    "makes one before an upgrade, of the schemas as they were",
    async () => {
      await bed.kube.mergePatch(clouds, at(name), { spec: { release: "2026.2" } });
      const upgraded = await untilReady(bed.kube, clouds, at(name), 6 * MINUTES);
      expect(upgraded.status?.release).toEqual({ deployed: "2026.2", target: "2026.2", phase: "Settled" });
      const { last } = upgraded.status?.backup ?? {};
      expect(last?.before).toBe("2026.2");
      const manifest = JSON.parse(readFileSync(join(await folderOf(last?.name ?? ""), "manifest.json"), "utf8")) as {
        readonly release: unknown;
      };
      expect(manifest.release).toEqual({ oldest: "2026.1", newest: "2026.1" });
    },
    8 * MINUTES,
  );
});
