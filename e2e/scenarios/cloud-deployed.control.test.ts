import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Bed, openBed, unique } from "#e2e/harness/bed.ts";
import { untilCondition, untilGone } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import {
  type CoreSecret,
  coreSecrets,
  networkPolicies,
  persistentVolumeClaims,
  services,
} from "#operator/api/foreign.ts";
import type { Cloud } from "#operator/api/generated/cloud.ts";
import { clouds } from "#operator/api/resources.ts";
import { configMaps, deployments, jobs, statefulSets } from "#operator/cloud/resources.ts";
import type { ObjectMeta } from "#runtime/api/object.ts";
import { defineResource } from "#runtime/api/resource.ts";

/**
 * Clouds that are deployed, as far as they come without a node: objects are made and accepted, pods are not run. What
 * follows is shown on the node (cloud.node.test.ts).
 */
const NAMESPACE = "nephele-system";
const limitRanges = defineResource({
  ...{ group: "", version: "v1", plural: "limitranges" },
  kind: "LimitRange",
  namespaced: true,
});
let bed: Bed;
const made: string[] = [];
beforeAll(async () => {
  bed = await openBed();
});
afterAll(async () => {
  for (const name of made) {
    await bed.kube.mergePatch(clouds, at(name), { spec: { onDelete: "Delete" } });
    await remove(name);
  }
  await bed?.close();
});

const at = (name: string) => ({ namespace: NAMESPACE, name });
const keyNames = ["administrator", "barbican-user", "credential", "database", "fernet", "jws", "kek", "operator"];

/** With a cache that exists, so that no pod of it is bound to a node that does not run it. */
async function apply(name: string, spec: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const base = {
    release: "2026.2",
    identity: {},
    keyManager: {},
    protected: false,
    cache: { external: { servers: ["mc:11211"] } },
  };
  const cloud = {
    apiVersion: "nephele.dev/v1alpha1",
    kind: "Cloud",
    metadata: at(name),
    spec: { ...base, database: { bundled: { storage: "1Gi" } }, ...spec },
  };
  await bed.kube.apply(clouds, cloud, { fieldOwner: "test", force: true });
}

async function make(spec: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const name = unique("cloud");
  made.push(name);
  await apply(name, spec);
  return name;
}

async function remove(name: string): Promise<void> {
  await bed.kube.delete(clouds, at(name));
  await untilGone(bed.kube, clouds, at(name));
}

const until = (name: string, type: string, status: string, message?: RegExp): Promise<Cloud> =>
  untilCondition(bed.kube, clouds, at(name), { type, status, ...(message === undefined ? {} : { message }) });

const keysOf = async (name: string): Promise<readonly CoreSecret[]> =>
  (await bed.kube.list(coreSecrets, { namespace: NAMESPACE, labelSelector: `nephele.dev/cloud=${name}` })).filter(
    ({ metadata }) => metadata.ownerReferences === undefined,
  );

/** What is made, but Jobs, which are made later. */
const children = [configMaps, coreSecrets, networkPolicies, services, deployments, statefulSets] as const;
const ofCloud = (name: string) => ({ namespace: NAMESPACE, labelSelector: `nephele.dev/cloud=${name}` });

const claim = (name: string) => bed.kube.get(persistentVolumeClaims, at(`data-${name}-postgresql-0`));

describe("cloud, deployed", () => {
  test("create-minimal: keys are made and recorded before PostgreSQL, and it says what it waits for", async () => {
    const name = await make();
    const cloud = await until(name, "DatabaseReady", "False", /StatefulSet .*-postgresql: 0 of 1 pod is ready/);
    expect((await keysOf(name)).map(({ metadata }) => metadata.name)).toEqual(keyNames.map((key) => `${name}-${key}`));
    expect(cloud.status?.keys).toHaveLength(keyNames.length);
    expect(cloud.status?.release).toEqual({ target: "2026.2", phase: "Deploying" });
    const record = await bed.kube.get(configMaps, at(`${name}-custody`));
    expect(record?.metadata.ownerReferences).toBeUndefined();
    const values = (await keysOf(name)).flatMap(({ data }) => Object.values(data ?? {}));
    const said = JSON.stringify([cloud, record]);
    for (const value of values.map((each) => Buffer.from(each, "base64").toString()).filter((each) => each.length > 10))
      expect(said).not.toContain(value);
  });

  test("at rest nothing is written again", async () => {
    const name = await make({ cache: { bundled: {} } });
    const waiting = await until(name, "DatabaseReady", "False");
    // Kubernetes' own controllers write the status of what has a generation; what we write changes that, or the metadata.
    const written = ({ generation, resourceVersion, labels, annotations }: ObjectMeta): unknown =>
      generation === undefined ? resourceVersion : { generation, labels, annotations };
    const versions = async () =>
      Object.fromEntries(
        (await Promise.all(children.map((resource) => bed.kube.list(resource, ofCloud(name)))))
          .flat()
          .map(({ kind, metadata }) => [`${kind} ${metadata.name}`, written(metadata)]),
      );
    const before = await versions();
    expect(Object.keys(before)).toContain(`NetworkPolicy ${name}-setup`);
    // Another generation, so that the next status says that a whole pass has been.
    await apply(name, { cache: { bundled: {} }, keyManager: { replicas: 3 } });
    await eventually("another pass", async () => {
      const generation = (await bed.kube.get(clouds, at(name)))?.status?.observedGeneration ?? 0;
      return generation > (waiting.status?.observedGeneration ?? 0);
    });
    expect(await versions()).toEqual(before);
  });

  test("external deletion: a key that is gone is an alarm and not made anew; put back, all goes on", async () => {
    const name = await make();
    await until(name, "DatabaseReady", "False");
    const kek = (await bed.kube.get(coreSecrets, at(`${name}-kek`))) as CoreSecret;
    await bed.kube.delete(coreSecrets, at(`${name}-kek`));
    await until(
      name,
      "Stalled",
      "True",
      /core Secret .*-kek in .* is gone, and data exists that needs it: put it back/,
    );
    expect(await bed.kube.get(coreSecrets, at(`${name}-kek`))).toBeUndefined();
    const { labels = {}, annotations = {} } = kek.metadata;
    const back = { apiVersion: "v1", kind: "Secret", metadata: { ...at(`${name}-kek`), labels, annotations } };
    await bed.kube.create(coreSecrets, { ...back, data: kek.data });
    await until(name, "Stalled", "False");
  });

  test("external deletion: whoever takes the key's line out of the record accepts the loss, and gets another", async () => {
    const name = await make();
    await until(name, "DatabaseReady", "False");
    const before = await bed.kube.get(coreSecrets, at(`${name}-barbican-user`));
    await bed.kube.delete(coreSecrets, at(`${name}-barbican-user`));
    await until(name, "Stalled", "True", /barbican-user/);
    await bed.kube.mergePatch(configMaps, at(`${name}-custody`), { data: { barbicanUser: null } });
    await until(name, "Stalled", "False");
    const after = await bed.kube.get(coreSecrets, at(`${name}-barbican-user`));
    expect(after?.data?.["password"]).not.toBe(before?.data?.["password"]);
  });

  test("conflict: a key that was damaged by hand is said to be, without its value", async () => {
    const name = await make();
    await until(name, "DatabaseReady", "False");
    const value = unique("damaged");
    await bed.kube.mergePatch(coreSecrets, at(`${name}-fernet`), {
      data: { "1": Buffer.from(value).toString("base64") },
    });
    const cloud = await until(name, "KeysReady", "False", /-fernet was changed: 1 is not the base64url of 32 bytes/);
    expect(JSON.stringify(cloud)).not.toContain(value);
  });

  test("dependency missing: the login to an external database is waited for by name", async () => {
    const name = await make({
      database: { external: { host: "db.example.org", adminSecretRef: { name: "no-such" } } },
    });
    await until(name, "DatabaseReady", "False", /core Secret nephele-system\/no-such .*adminSecretRef/);
  });

  test("update: a release that nobody knows is refused, and what is there stays", async () => {
    const name = await make();
    await until(name, "DatabaseReady", "False");
    await apply(name, { release: "2031.1" });
    await until(name, "Stalled", "True", /spec.release: 2031.1 is not known: use one of/);
    expect(await bed.kube.get(statefulSets, at(`${name}-postgresql`))).toBeDefined();
    await apply(name);
    await until(name, "Stalled", "False");
  });

  test("retain: volumes and keys outlive the Cloud, and another of its name finds them", async () => {
    const name = await make();
    await eventually("the volume's claim", async () => (await claim(name)) !== undefined);
    const kek = (await bed.kube.get(coreSecrets, at(`${name}-kek`)))?.data;
    await remove(name);
    await untilGone(bed.kube, statefulSets, at(`${name}-postgresql`));
    expect(await claim(name)).toBeDefined();
    await apply(name);
    await until(name, "KeysReady", "True");
    expect((await bed.kube.get(coreSecrets, at(`${name}-kek`)))?.data).toEqual(kek);
  });

  test("retain: keys that are gone with their record are not made over a volume that is there", async () => {
    const name = await make();
    await eventually("the volume's claim", async () => (await claim(name)) !== undefined);
    await remove(name);
    for (const { metadata } of await keysOf(name)) await bed.kube.delete(coreSecrets, at(metadata.name));
    await bed.kube.delete(configMaps, at(`${name}-custody`));
    await apply(name);
    await until(name, "Stalled", "True", /is gone, and data exists that needs it/);
    expect(await keysOf(name)).toEqual([]);
  });

  const recipients = ["q", "p"].map((letter) => `age1${letter.repeat(58)}`);

  test("create-full: backups have a claim of their own, which outlives the Cloud, and ways through the network", async () => {
    const backup = { recipients, target: { storage: "1Gi" } };
    const name = await make({ backup, onDelete: "Delete" });
    const cloud = await until(name, "DatabaseReady", "False");
    expect(cloud.status?.conditions?.map(({ type }) => type)).toContain("BackupReady");
    const ofBackups = () => bed.kube.get(persistentVolumeClaims, at(`${name}-backups`));
    expect((await ofBackups())?.metadata.ownerReferences).toBeUndefined();
    expect(await bed.kube.get(networkPolicies, at(`${name}-backup`))).toBeDefined();
    await remove(name);
    expect((await ofBackups())?.metadata.deletionTimestamp).toBeUndefined();
    await bed.kube.delete(persistentVolumeClaims, at(`${name}-backups`));
  });

  test("conflict: a claim for backups that the namespace does not allow is said, and the Cloud goes on", async () => {
    const limits = at(unique("claims"));
    const tooLarge = [{ type: "PersistentVolumeClaim", max: { storage: "1000Ti" } }];
    const limit = { apiVersion: "v1", kind: "LimitRange", metadata: limits, spec: { limits: tooLarge } };
    await bed.kube.apply(limitRanges, limit, { fieldOwner: "test", force: true });
    try {
      const name = await make({ backup: { recipients, target: { storage: "2000Ti" } } });
      await until(name, "BackupReady", "False", /another try: .*maximum storage usage per PersistentVolumeClaim/);
      await until(name, "DatabaseReady", "False", /StatefulSet .*: 0 of 1 pod is ready/);
    } finally {
      await bed.kube.delete(limitRanges, limits);
    }
  });

  test("update: a backup that is being made is ended when backups are wanted no more, and not before", async () => {
    const name = await make({ backup: { recipients, target: { storage: "1Gi" } }, onDelete: "Delete" });
    const labels = {
      "app.kubernetes.io/managed-by": "nephele",
      "nephele.dev/cloud": name,
      "nephele.dev/task": "backup",
    };
    const template = { spec: { restartPolicy: "Never", containers: [{ name: "backup", image: "none" }] } };
    // Suspended: no pod of it is to run here.
    const spec = { suspend: true, template };
    const job = { apiVersion: "batch/v1", kind: "Job", metadata: { ...at(name), labels }, spec };
    await bed.kube.apply(jobs, job, { fieldOwner: "test", force: true });
    await until(name, "DatabaseReady", "False");
    expect((await bed.kube.get(jobs, at(name)))?.metadata.deletionTimestamp).toBeUndefined();
    await bed.kube.mergePatch(clouds, at(name), { spec: { backup: null } });
    await untilGone(bed.kube, jobs, at(name));
    await bed.kube.delete(persistentVolumeClaims, at(`${name}-backups`));
  });

  const restore = {
    from: { persistentVolumeClaim: { claimName: "backups" }, name: "20261126T073000Z" },
    identitySecretRef: { name: "no-such-identity" },
  };

  test("dependency missing: a restore waits for what opens the backup, and until then no key is made", async () => {
    const name = await make({ restore });
    await until(name, "Restored", "False", /the key identity in core Secret no-such-identity/);
    expect(await keysOf(name)).toEqual([]);
  });

  test("conflict: a backup of a newer release than is wanted is refused, by name, before PostgreSQL is there", async () => {
    const name = unique("cloud");
    made.push(name);
    // As the record is once the keys of such a backup are back.
    const annotations = {
      "nephele.dev/restore": restore.from.name,
      "nephele.dev/schema-oldest": "2026.2",
      "nephele.dev/schema-newest": "2026.2",
    };
    const labels = { "app.kubernetes.io/managed-by": "nephele", "nephele.dev/cloud": name };
    const record = { apiVersion: "v1", kind: "ConfigMap", metadata: { ...at(`${name}-custody`), labels, annotations } };
    await bed.kube.create(configMaps, record);
    await apply(name, { restore, release: "2025.1" });
    await until(name, "SchemaReady", "False", /the databases are 2026.2's and 2025.1 cannot read them any more/);
    expect(await bed.kube.get(statefulSets, at(`${name}-postgresql`))).toBeUndefined();
  });

  test("conflict: nothing is restored over keys and data that are there", async () => {
    const name = await make();
    await until(name, "DatabaseReady", "False");
    await remove(name);
    await apply(name, { restore });
    await until(name, "Stalled", "True", /spec.restore: keys or a volume of a Cloud of this name are there/);
    // Without the wish it is the Cloud that it was.
    await remove(name);
    await apply(name);
    await until(name, "KeysReady", "True");
  });

  test("delete: with onDelete Delete nothing of it stays", async () => {
    const name = await make({ onDelete: "Delete" });
    await eventually("the volume's claim", async () => (await claim(name)) !== undefined);
    await remove(name);
    expect(await keysOf(name)).toEqual([]);
    await untilGone(bed.kube, persistentVolumeClaims, at(`data-${name}-postgresql-0`));
    expect(await bed.kube.get(configMaps, at(`${name}-custody`))).toBeUndefined();
  });
});
