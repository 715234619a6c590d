import { generateKeyPairSync, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { untilGone } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { coreSecrets } from "#operator/api/foreign.ts";
import { auditLines, idIn, openSecretBed, payloadOf, type SecretBed, type Team } from "./testing/secret-bed.ts";
import { copyOf, foreignSecret, generated, imported } from "./testing/specs.ts";

let bed: SecretBed;
let team: Team;
let other: Team;

beforeAll(async () => {
  bed = await openSecretBed();
  [team, other] = await Promise.all([bed.team(), bed.team()]);
});
afterAll(() => bed.close());

const everySecret = async (of: Team): Promise<number> => {
  let count = 0;
  for await (const _ of of.barbican.secrets.list()) count += 1;
  return count;
};

describe("secret", () => {
  test("create-minimal: a generated passphrase is in Barbican under its name", async () => {
    const secret = await team.ready("minimal");
    expect(secret.status?.version).toBe(1);
    const listed = await team.barbican.secrets.listByName("minimal");
    expect(listed.map(({ id, secretType }) => [id, secretType])).toEqual([[idIn(secret), "passphrase"]]);
    expect(await payloadOf(team, idIn(secret))).toMatch(/^[A-Za-z0-9]{32}$/);
    expect(await team.events("minimal")).toContain("Created: Version 1 is in Barbican");
  });

  test("create-full: expiry, rotation, access and the core Secret for pods are as the spec says", async () => {
    const user = await bed.domain.createUser("reader-1");
    const secret = await team.ready("full", {
      type: "passphrase",
      source: { generate: { length: 64 } },
      expiresAfter: "48h",
      rotation: { every: "24h", keep: 3 },
      access: { project: false, users: [{ user: user.name, domain: bed.domain.name }] },
      syncTo: { name: "full-synced", key: "password" },
    });
    const id = idIn(secret);
    expect(await team.barbican.acls.get(id)).toEqual({ projectAccess: false, users: [user.id] });
    const { createdAt = "", expiresAt = "" } = secret.status?.versions?.[0] ?? {};
    expect(Date.parse(expiresAt) - Date.parse(createdAt)).toBe(48 * 3_600_000);
    expect((await team.barbican.secrets.get(id))?.expiresAt?.slice(0, 19)).toBe(expiresAt.slice(0, 19));
    expect(Date.parse(secret.status?.nextRotation ?? "") - Date.parse(createdAt)).toBeLessThan(24 * 3_600_000 + 1_000);
    const core = await team.getCore("full-synced");
    expect(Buffer.from(core?.data?.["password"] ?? "", "base64").toString()).toBe(await payloadOf(team, id));
    const read = auditLines(bed).find(({ secretId }) => secretId === id);
    expect(read).toMatchObject({
      object: `secrets.nephele.dev ${team.name}/full`,
      purpose: "sync to core Secret full-synced",
      projectId: team.projectId,
      requestId: expect.stringMatching(/^req-/),
    });
  });

  const pem = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  test.each([
    ["opaque", randomBytes(64)],
    ["symmetric", randomBytes(32)],
    ["passphrase", Buffer.from("grüße")],
    ["private", Buffer.from(pem.privateKey)],
    ["public", Buffer.from(pem.publicKey)],
    ["certificate", Buffer.from(pem.publicKey.replaceAll("PUBLIC KEY", "CERTIFICATE"))],
  ])("create-full: content of type %s is copied byte for byte", async (type, content) => {
    await team.core(`source-${type}`, { value: content });
    const secret = await team.ready(`copy-${type}`, copyOf(`source-${type}`, type));
    const payload = await team.barbican.secrets.readPayload(idIn(secret), { audit: async () => {} });
    expect(Buffer.from(payload ?? []).equals(content)).toBe(true);
    expect((await team.barbican.secrets.get(idIn(secret)))?.secretType).toBe(type);
  });

  test.each([
    ["aes", 256, 32],
    ["hmacsha512", 192, 24],
  ])("create-full: a key of %s is ordered from Barbican", async (algorithm, bitLength, bytes) => {
    const source = { generate: { algorithm, bitLength } };
    const secret = await team.ready(`key-${algorithm}`, { type: "symmetric", source });
    const payload = await team.barbican.secrets.readPayload(idIn(secret), { audit: async () => {} });
    expect(payload?.length).toBe(bytes);
    expect(secret.status?.versions?.[0]?.refs.order).toBeDefined();
  });

  test("create-full: a pair of keys is ordered, and goes with all its parts", async () => {
    const source = { generate: { algorithm: "rsa", bitLength: 2048 } };
    const before = await everySecret(team);
    const secret = await team.ready("pair", { type: "private", source });
    expect(Object.keys(secret.status?.versions?.[0]?.refs ?? {}).toSorted()).toEqual([
      "container",
      "order",
      "publicKey",
      "secret",
    ]);
    expect(await payloadOf(team, idIn(secret))).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    await team.remove("pair");
    expect(await everySecret(team)).toBe(before);
    const names = [...(await team.barbican.orders.list()), ...(await team.barbican.containers.list())];
    expect(names.filter(({ name }) => name === "pair")).toEqual([]);
  });

  test("update: changed content is a new version, and old ones go when there are too many", async () => {
    await team.core("changing", { value: "one" });
    const first = await team.ready("follows", copyOf("changing"));
    await team.core("changing", { value: "two" });
    const second = await team.version("follows", 2);
    expect(await payloadOf(team, idIn(second))).toBe("two");
    expect(await payloadOf(team, idIn(first))).toBe("one");
    await team.core("changing", { value: "three" });
    const third = await team.version("follows", 3);
    expect(third.status?.versions?.map(({ version }) => version)).toEqual([2, 3]);
    expect(await payloadOf(team, idIn(first))).toBeUndefined();
    for (const text of ["one", "two", "three"]) expect(JSON.stringify(third)).not.toContain(text);
  });

  test("update: rotation by schedule keeps as many as it says and the core Secret follows", async () => {
    const spec = { type: "passphrase", source: { generate: { length: 16 } }, syncTo: { name: "rotating" } };
    await team.ready("rotating", { ...spec, rotation: { every: "2s", keep: 2 } });
    await team.version("rotating", 3);
    await team.apply("rotating", { ...spec, rotation: { every: "24h", keep: 2 } });
    const calm = await eventually("the rotation to end", async () => {
      const { status, metadata } = (await team.get("rotating")) ?? {};
      return status?.observedGeneration === metadata?.generation ? await team.get("rotating") : undefined;
    });
    expect(calm.status?.versions).toHaveLength(2);
    const core = await team.getCore("rotating");
    expect(Buffer.from(core?.data?.["value"] ?? "", "base64").toString()).toBe(await payloadOf(team, idIn(calm)));
    expect(await team.barbican.secrets.listByName("rotating")).toHaveLength(2);
  });

  test("update: a rotation that a person asks for happens once", async () => {
    await team.ready("asked");
    await team.rotate("asked");
    await team.version("asked", 2);
    // A change of the spec is Ready only after another pass.
    const spec = { type: "passphrase", source: { generate: { length: 32 } }, syncTo: { name: "asked" } };
    expect((await team.ready("asked", spec)).status?.version).toBe(2);
    await team.apply("asked", undefined, { "nephele.dev/rotate-requested-at": "soon" });
    await team.until("asked", "False", "InvalidConfiguration", /rotate-requested-at/);
  });

  test("update: the core Secret moves with syncTo and goes with it", async () => {
    const spec = { type: "passphrase", source: { generate: { length: 16 } } };
    await team.ready("moving", { ...spec, syncTo: { name: "moving-a" } });
    await team.ready("moving", { ...spec, syncTo: { name: "moving-b", key: "k" } });
    expect(Object.keys((await team.getCore("moving-b"))?.data ?? {})).toEqual(["k"]);
    await untilGone(bed.kube, coreSecrets, { namespace: team.name, name: "moving-a" });
    await team.ready("moving", spec);
    await untilGone(bed.kube, coreSecrets, { namespace: team.name, name: "moving-b" });
  });

  test("update: an expired version is told, and a wish brings a new one", async () => {
    await team.apply("short", { type: "passphrase", source: { generate: { length: 16 } }, expiresAfter: "10s" });
    await team.until("short", "False", "InvalidConfiguration", /spec.expiresAfter: version 1 expired at/);
    await team.apply(
      "short",
      { type: "passphrase", source: { generate: { length: 16 } }, expiresAfter: "1h" },
      { "nephele.dev/rotate-requested-at": new Date().toISOString() },
    );
    const renewed = await team.version("short", 2);
    expect(renewed.status?.versions).toHaveLength(1);
  });

  test("import/adopt: a secret of the project is taken in, and stays when the object goes", async () => {
    const id = await foreignSecret(team);
    const secret = await team.ready("imported", imported(id));
    expect(idIn(secret)).toBe(id);
    await team.remove("imported");
    expect(await payloadOf(team, id)).toBe("theirs");
  });

  test("import/adopt: another project's secret is refused, even one that is shared with the operator", async () => {
    const id = await foreignSecret(other);
    const { userId } = await bed.clients.keystone().whoAmI();
    await other.barbican.acls.put(id, { projectAccess: true, users: [userId] });
    await team.apply("foreign", imported(id));
    await team.until("foreign", "False", "InvalidConfiguration", /spec.source.import.id: Project .* has no secret/);
  });

  test("import/adopt: a retained secret is taken in again by an object of the same name", async () => {
    const first = await team.ready("retained", { ...generated, onDelete: "Retain" });
    await team.remove("retained");
    const again = await team.ready("retained", generated);
    expect([idIn(again), again.status?.version]).toEqual([idIn(first), 1]);
  });
});
