import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cloudRules } from "../cases/cloud.ts";
import { secretRules } from "../cases/secret.ts";
import { serverRules } from "../cases/server.ts";
import { ACCEPTED, eventually, type Sender, uniqueName, untilRefused } from "../testing/api-server.ts";
import { type Manifest, merge, type Patch, type RuleTable } from "../testing/rule-case.ts";
import { whereUnbound } from "../testing/unbound.ts";
import { openWorkbench, type Workbench } from "../testing/workbench.ts";

let bench: Workbench;
let namespace: string;
/** May write all our kinds and read the core Secret `mine` alone. */
let writer: Sender;
/** The same, and may read every core Secret. */
let keeper: Sender;

beforeAll(async () => {
  bench = await openWorkbench();
  namespace = await bench.namespace();
  const writes = {
    apiGroups: ["nephele.dev"],
    resources: ["secrets", "servers", "clouds"],
    verbs: ["create", "update"],
  };
  const reads = { apiGroups: [""], resources: ["secrets"], verbs: ["get"] };
  writer = await bench.user("writer", [writes, { ...reads, resourceNames: ["mine"] }]);
  keeper = await bench.user("keeper", [writes, reads]);
});
afterAll(() => bench.close());

const copied = (name: string) => ({ spec: { source: { generate: null, secretKeyRef: { name, key: "k" } } } });
const userData = (name: string) => ({ spec: { userData: { secretKeyRef: { name } } } });
const identity = (name: string, caName = "mine") => ({
  spec: { identity: { external: { credentialsSecretRef: { name }, caSecretRef: { name: caName } } } },
});
const keyManager = (name: string) =>
  merge(identity("mine"), { spec: { keyManager: { external: { caSecretRef: { name } } } } });

const database = (name: string, caName = "mine") => ({
  spec: {
    release: "2026.2",
    identity: { external: null },
    keyManager: { external: null },
    database: { external: { host: "db.example.org", adminSecretRef: { name }, caSecretRef: { name: caName } } },
  },
});

const fromBucket = (name: string) =>
  merge(restored("mine"), {
    spec: {
      restore: {
        from: {
          persistentVolumeClaim: null,
          s3: { endpoint: "https://s3.example.org", bucket: "clouds", credentialsSecretRef: { name } },
        },
      },
    },
  });

const restored = (name: string) => ({
  spec: {
    release: "2026.2",
    identity: { external: null },
    keyManager: { external: null },
    restore: {
      from: { persistentVolumeClaim: { claimName: "backups" }, name: "20261126T073000Z" },
      identitySecretRef: { name },
    },
  },
});

const edged = (name: string) => ({
  spec: {
    release: "2026.2",
    identity: { external: null },
    keyManager: { external: null },
    gateway: { hostnames: ["cloud.example.org"], certificateSecretRef: { name } },
  },
});

const SOFTWARE = { name: "software", type: "SimpleCrypto", default: true };
const TOKEN = {
  ...{ name: "hsm", type: "PKCS11", default: false },
  pkcs11: { tokenLabel: "vault", pinSecretRef: { name: "mine" }, library: "/opt/hsm/lib.so" },
};
const HSM_CLIENT = {
  ...{ mountPath: "/opt/hsm", image: "client:1", configurationSecretRef: { name: "mine" } },
  ...{ addresses: [{ cidr: "192.0.2.10/32", port: 1792 }], environment: [{ name: "HSM", value: "1" }] },
};
const inTokens = {
  spec: {
    ...{ release: "2026.2", identity: { external: null } },
    keyManager: { external: null, stores: [SOFTWARE, TOKEN], hsmClient: HSM_CLIENT },
  },
};
/** Each by which something else runs in Barbican's pods, or gets a PIN. */
const OTHER_LIBRARIES: readonly object[] = [
  { stores: [SOFTWARE, { ...TOKEN, pkcs11: { ...TOKEN.pkcs11, library: "/opt/hsm/own.so" } }] },
  { stores: [SOFTWARE, TOKEN, { ...TOKEN, name: "another" }] },
  { stores: [SOFTWARE, { ...TOKEN, pkcs11: { ...TOKEN.pkcs11, pinSecretRef: { name: "theirs" } } }] },
  { hsmClient: { image: "own:1" } },
  { hsmClient: { mountPath: "/opt/own" } },
  { hsmClient: { configurationSecretRef: { name: "other" } } },
  { hsmClient: { addresses: [{ cidr: "198.51.100.1/32", port: 1792 }] } },
  { hsmClient: { environment: [{ name: "HSM", value: "2" }] } },
  { softHSM: { storage: "64Mi" } },
];

const recipients = (...letters: readonly string[]) => letters.map((letter) => `age1${letter.repeat(58)}`);
const backedUp = {
  spec: {
    release: "2026.2",
    identity: { external: null },
    keyManager: { external: null },
    backup: { recipients: recipients("q", "p"), target: { storage: "1Gi" } },
  },
};
const drilled = (name: string) => ({
  spec: { backup: { drill: { requestedAt: "2026-11-26T07:30:00Z", identitySecretRef: { name } } } },
});

const REFERENCES: readonly (readonly [string, RuleTable, (name: string) => Patch])[] = [
  ["Secret.spec.source.secretKeyRef", secretRules, copied],
  ["Server.spec.userData.secretKeyRef", serverRules, userData],
  ["Cloud.spec.identity.external.credentialsSecretRef", cloudRules, (name) => identity(name)],
  ["Cloud.spec.identity.external.caSecretRef", cloudRules, (name) => identity("mine", name)],
  ["Cloud.spec.keyManager.external.caSecretRef", cloudRules, keyManager],
  ["Cloud.spec.database.external.adminSecretRef", cloudRules, (name) => database(name)],
  ["Cloud.spec.database.external.caSecretRef", cloudRules, (name) => database("mine", name)],
  ["Cloud.spec.gateway.certificateSecretRef", cloudRules, edged],
];

const refusal = () =>
  `you may not read the core Secret theirs in namespace ${namespace}, so you may not name it: you need the right to get it`;

function collectionOf({ plural }: RuleTable): string {
  return `/apis/nephele.dev/v1alpha1/namespaces/${namespace}/${plural}`;
}

function object(table: RuleTable, patch: Patch): Manifest {
  const metadata = { name: uniqueName("ref"), annotations: { "nephele.dev/paused": "true" } };
  return merge(merge(table.base, { metadata }), patch);
}

/** The verdict on a change by the writer of an object that the administrator made. */
async function changed(table: RuleTable, before: Patch, change: Patch, by = writer): Promise<string> {
  const path = await bench.create(collectionOf(table), object(table, before));
  return by.judge("PUT", path, merge(await bench.admin.send("GET", path), change));
}

test("Cloud.spec.restore.identitySecretRef, which never changes, is refused to who may not read the core Secret", async () => {
  const create = (name: string) => writer.judge("POST", collectionOf(cloudRules), object(cloudRules, restored(name)));
  expect(await untilRefused(() => create("theirs"))).toContain(refusal());
  expect(await create("mine")).toBe(ACCEPTED);
});

test("Cloud.spec.restore.from.s3.credentialsSecretRef is refused to who may not read the core Secret", async () => {
  const create = (name: string) => writer.judge("POST", collectionOf(cloudRules), object(cloudRules, fromBucket(name)));
  expect(await untilRefused(() => create("theirs"))).toContain(refusal());
  expect(await create("mine")).toBe(ACCEPTED);
});

test("Cloud.spec.backup.drill.identitySecretRef is refused to who may not read the core Secret", async () => {
  expect(await untilRefused(() => changed(cloudRules, backedUp, drilled("theirs")))).toContain(refusal());
  expect(await changed(cloudRules, backedUp, drilled("mine"))).toBe(ACCEPTED);
});

test("Cloud.spec.backup: who may not read all core Secrets chooses neither recipients nor target", async () => {
  const KEYS = "whoever chooses recipients or target of a backup can have all keys of the Cloud";
  const create = (by: Sender) => by.judge("POST", collectionOf(cloudRules), object(cloudRules, backedUp));
  expect(await untilRefused(() => create(writer))).toContain(KEYS);
  expect(await create(keeper)).toBe(ACCEPTED);
  for (const backup of [{ recipients: recipients("z", "p") }, { target: { storage: "2Gi" } }]) {
    expect(await changed(cloudRules, backedUp, { spec: { backup } })).toContain(KEYS);
    expect(await changed(cloudRules, backedUp, { spec: { backup } }, keeper)).toBe(ACCEPTED);
  }
  const { backup, ...without } = backedUp.spec;
  expect(await changed(cloudRules, { spec: without }, { spec: { backup } })).toContain(KEYS);
  for (const change of [{ keep: 3 }, { requestedAt: "2026-11-26T07:30:00Z" }, null])
    expect(await changed(cloudRules, backedUp, { spec: { backup: change } })).toBe(ACCEPTED);
});

const RUNS = "whoever chooses stores in tokens has libraries run beside all keys of the Cloud";

test("Cloud.spec.keyManager: who may not read all core Secrets chooses no library, token or PIN", async () => {
  const create = (by: Sender) => by.judge("POST", collectionOf(cloudRules), object(cloudRules, inTokens));
  expect(await untilRefused(() => create(writer))).toContain(RUNS);
  expect(await create(keeper)).toBe(ACCEPTED);
  for (const keyManager of OTHER_LIBRARIES) {
    expect(await changed(cloudRules, inTokens, { spec: { keyManager } })).toContain(RUNS);
    expect(await changed(cloudRules, inTokens, { spec: { keyManager } }, keeper)).toBe(ACCEPTED);
  }
  const { stores, hsmClient, ...without } = inTokens.spec.keyManager;
  const before = { spec: { ...inTokens.spec, keyManager: without } };
  for (const keyManager of [{ stores }, { hsmClient }])
    expect(await changed(cloudRules, before, { spec: { keyManager } })).toContain(RUNS);
  // What is no token's is for who may write the Cloud.
  expect(await changed(cloudRules, inTokens, { spec: { keyManager: { replicas: 3 } } })).toBe(ACCEPTED);
  expect(await changed(cloudRules, before, { spec: { keyManager: { stores: [SOFTWARE] } } })).toBe(ACCEPTED);
});

test("Cloud.spec.keyManager, control: where the policy does not hold, who may read one core Secret does", async () => {
  const create = (where: string) =>
    writer.judge("POST", `/apis/nephele.dev/v1alpha1/namespaces/${where}/clouds`, object(cloudRules, inTokens));
  expect(await untilRefused(() => create(namespace))).toContain(RUNS);
  await whereUnbound(bench, "nephele-references", async (unbound) => {
    expect(
      await eventually(
        () => create(unbound),
        (verdict) => verdict === ACCEPTED,
      ),
    ).toBe(ACCEPTED);
    expect(await create(namespace)).toContain(RUNS);
  });
});

describe.each(REFERENCES)("%s", (_field, table, naming) => {
  test("is refused to who may not read the core Secret, and given to who may", async () => {
    const create = (name: string) => writer.judge("POST", collectionOf(table), object(table, naming(name)));
    const refused = await untilRefused(() => create("theirs"));
    expect(refused).toContain(refusal());
    expect(await create("mine")).toBe(ACCEPTED);
  });

  test("is refused where it is changed to a core Secret that the writer may not read", async () => {
    expect(await changed(table, naming("mine"), naming("theirs"))).toContain(refusal());
    expect(await changed(table, naming("mine"), { metadata: { labels: { a: "b" } } })).toBe(ACCEPTED);
  });
});

describe("an object that names a core Secret which the writer may not read", () => {
  test("can be changed elsewhere: a Server is stopped", async () => {
    expect(await changed(serverRules, userData("theirs"), { spec: { power: "Stopped" } })).toBe(ACCEPTED);
  });

  test("cannot be turned to another key of that core Secret", async () => {
    const key = { spec: { userData: { secretKeyRef: { key: "other" } } } };
    expect(await changed(serverRules, userData("theirs"), key)).toContain(refusal());
  });

  test("can lose the reference", async () => {
    expect(await changed(serverRules, userData("theirs"), { spec: { userData: null } })).toBe(ACCEPTED);
  });

  test("can get it where there was none only from who may read it", async () => {
    expect(await changed(serverRules, {}, userData("theirs"))).toContain(refusal());
    expect(await changed(serverRules, {}, userData("mine"))).toBe(ACCEPTED);
  });

  test("cannot be pointed to another address, where it is a Cloud: the credentials would go there", async () => {
    const elsewhere = { spec: { identity: { external: { url: "https://elsewhere.example.org/v3" } } } };
    expect(await changed(cloudRules, identity("theirs"), elsewhere)).toContain(refusal());
    expect(await changed(cloudRules, identity("mine"), elsewhere)).toBe(ACCEPTED);
    expect(await changed(cloudRules, identity("theirs"), { metadata: { labels: { a: "b" } } })).toBe(ACCEPTED);
  });

  test("cannot be given other host names, where it is a Cloud: tenants would send theirs there", async () => {
    const elsewhere = { spec: { gateway: { hostnames: ["elsewhere.example.org"] } } };
    expect(await changed(cloudRules, edged("theirs"), elsewhere)).toContain(refusal());
    expect(await changed(cloudRules, edged("mine"), elsewhere)).toBe(ACCEPTED);
  });
});
