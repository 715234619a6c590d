import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BarbicanClient } from "#operator/clients/barbican/client.ts";
import type { Project } from "#operator/clients/keystone/projects.ts";
import { type ClientsBed, openClientsBed } from "./operator-clients.ts";

let bed: ClientsBed;
let project: Project;
let barbican: BarbicanClient;

beforeAll(async () => {
  bed = await openClientsBed("t-barbican");
  project = await bed.createProject("one");
  barbican = bed.cloud.project(project.id).barbican;
});
afterAll(() => bed?.close());

const missing = "00000000-0000-4000-8000-000000000000";
const audit = async (): Promise<void> => undefined;
const bytesOf = (text: string): Uint8Array => Buffer.from(text);

async function createWithPayload(name: string, payload = "a payload"): Promise<string> {
  const id = await barbican.secrets.create({ name, secretType: "opaque" });
  await barbican.secrets.putPayload(id, { bytes: bytesOf(payload), contentType: "application/octet-stream" });
  return id;
}

describe("a secret", () => {
  test("is made without payload, gets one once, and is deleted", async () => {
    const expiration = "2199-01-01T00:00:00Z";
    const id = await barbican.secrets.create({ name: "db-password", secretType: "passphrase", expiration });
    const before = await barbican.secrets.get(id);
    expect(before).toMatchObject({
      id,
      name: "db-password",
      secretType: "passphrase",
      status: "ACTIVE",
      hasPayload: false,
    });
    expect(before?.expiresAt).toMatch(/^2199-01-01T00:00:00/);
    expect(before?.creatorId).toBe((await bed.cloud.keystone().whoAmI()).userId);
    expect(await barbican.secrets.readPayload(id, { audit })).toBeUndefined();

    await barbican.secrets.putPayload(id, { bytes: bytesOf("pässword\n"), contentType: "text/plain" });
    expect(await barbican.secrets.get(id)).toMatchObject({ hasPayload: true });
    const read = await barbican.secrets.readPayload(id, { audit });
    expect(Buffer.from(read ?? []).toString("utf8")).toBe("pässword\n");
    const again = barbican.secrets.putPayload(id, { bytes: bytesOf("other"), contentType: "text/plain" });
    await expect(again).rejects.toMatchObject({ kind: "Conflict" });

    await barbican.secrets.delete(id);
    await barbican.secrets.delete(id);
    expect(await barbican.secrets.get(id)).toBeUndefined();
    expect(await barbican.secrets.readPayload(id, { audit })).toBeUndefined();
  });

  test("holds every byte", async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const id = await barbican.secrets.create({ name: "bytes", secretType: "opaque" });
    await barbican.secrets.putPayload(id, { bytes, contentType: "application/octet-stream" });
    expect(Uint8Array.from((await barbican.secrets.readPayload(id, { audit })) ?? [])).toEqual(bytes);
  });

  test("holds 20,000 bytes and no more", async () => {
    const contentType = "application/octet-stream";
    const id = await barbican.secrets.create({ name: "large", secretType: "opaque" });
    for (const size of [20_001, 25_001, 200_000]) {
      const put = barbican.secrets.putPayload(id, { bytes: Buffer.alloc(size, "x"), contentType });
      await expect(put, `${size} bytes`).rejects.toMatchObject({ kind: "TooLarge" });
    }
    await barbican.secrets.putPayload(id, { bytes: Buffer.alloc(20_000, "x"), contentType });
  });

  test("is not read before it is on record, and not at all if it cannot be", async () => {
    const id = await createWithPayload("audited");
    const order: string[] = [];
    await barbican.secrets
      .readPayload(id, { audit: async () => void order.push("on record") })
      .then(() => order.push("read"));
    expect(order).toEqual(["on record", "read"]);
    const audit = () => Promise.reject(new Error("the record cannot be written"));
    await expect(barbican.secrets.readPayload(id, { audit })).rejects.toThrow("the record cannot be written");
  });

  test.each([
    ["an expiration in the past", { expiration: "2001-01-01T00:00:00Z" }, /expiration/],
    ["a negative length", { bitLength: -1 }, /bit_length/],
  ])("with %s is invalid", async (_, wrong, said) => {
    const made = barbican.secrets.create({ name: "wrong", secretType: "opaque", ...wrong });
    await expect(made).rejects.toMatchObject({ kind: "Invalid", message: expect.stringMatching(said) });
  });

  test("that expires is gone, for get and for lists", async () => {
    const expiration = new Date(Date.now() + 2_000).toISOString();
    const id = await barbican.secrets.create({ name: "short-lived", secretType: "opaque", expiration });
    expect(await barbican.secrets.listByName("short-lived")).toHaveLength(1);
    await expect.poll(() => barbican.secrets.get(id), { timeout: 10_000, interval: 250 }).toBeUndefined();
    expect(await barbican.secrets.listByName("short-lived")).toEqual([]);
  });
});

describe("a list of secrets", () => {
  test("by name has exactly those of that name, however many share it", async () => {
    const first = await createWithPayload("a_b");
    const second = await createWithPayload("a_b");
    for (const name of ["axb", "a_bc", "A_B", "a%b"]) await createWithPayload(name);
    expect((await barbican.secrets.listByName("a_b")).map(({ id }) => id)).toEqual([first, second]);
    expect(await barbican.secrets.listByName("a%b")).toHaveLength(1);
    expect(await barbican.secrets.listByName("%")).toEqual([]);
    expect((await barbican.secrets.listByPrefix("a_b")).map(({ name }) => name)).toEqual(["a_b", "a_b", "a_bc"]);
  });

  test("spans pages", async () => {
    const { id } = await bed.createProject("many");
    const { secrets } = bed.cloud.project(id).barbican;
    const names = Array.from({ length: 205 }, (_, index) => `s-${index}`);
    for (let start = 0; start < names.length; start += 20) {
      await Promise.all(names.slice(start, start + 20).map((name) => secrets.create({ name, secretType: "opaque" })));
    }
    const listed: string[] = [];
    for await (const secret of secrets.list()) listed.push(secret.name);
    expect(listed.toSorted()).toEqual(names.toSorted());
    await expect(secrets.listByPrefix("s-")).resolves.toHaveLength(205);
  });
});

describe("beside a secret", () => {
  test("metadata is replaced as a whole", async () => {
    const id = await createWithPayload("metadata");
    expect(await barbican.metadata.get(id)).toEqual({});
    await barbican.metadata.put(id, { "nephele-owner": "local/team-a/db", Version: "1" });
    expect(await barbican.metadata.get(id)).toEqual({ "nephele-owner": "local/team-a/db", version: "1" });
    await barbican.metadata.put(id, { version: "2" });
    expect(await barbican.metadata.get(id)).toEqual({ version: "2" });
    await expect(barbican.metadata.put(id, { "a/b": "x" })).rejects.toMatchObject({ kind: "Invalid" });
    expect(await barbican.metadata.get(missing)).toBeUndefined();
    await expect(barbican.metadata.put(missing, {})).rejects.toMatchObject({ kind: "NotFound" });
  });

  test("an ACL lets others read, and is taken back", async () => {
    const id = await createWithPayload("shared");
    const user = await bed.domain.createUser("reader-1");
    expect(await barbican.acls.get(id)).toEqual({ projectAccess: true, users: [] });
    await barbican.acls.put(id, { projectAccess: false, users: [user.id] });
    expect(await barbican.acls.get(id)).toEqual({ projectAccess: false, users: [user.id] });
    await barbican.acls.put(id, { projectAccess: true, users: [] });
    expect(await barbican.acls.get(id)).toEqual({ projectAccess: true, users: [] });
    expect(await barbican.acls.get(missing)).toBeUndefined();
  });

  test("an ACL that lets nobody read leaves the creator all that it needs", async () => {
    const id = await createWithPayload("private");
    await barbican.acls.put(id, { projectAccess: false, users: [] });
    expect(await barbican.secrets.get(id)).toMatchObject({ name: "private" });
    expect(await barbican.secrets.listByName("private")).toHaveLength(1);
    expect(await barbican.secrets.readPayload(id, { audit })).toBeDefined();
    expect(await barbican.metadata.get(id)).toEqual({});
    await barbican.acls.put(id, { projectAccess: true, users: [] });
    await barbican.acls.put(id, { projectAccess: false, users: [] });
    await barbican.secrets.delete(id);
    expect(await barbican.secrets.get(id)).toBeUndefined();
  });

  test("a consumer holds the secret until it is removed, or the delete is forced", async () => {
    const consumer = { service: "compute", resourceType: "server", resourceId: "team-a/web-1" };
    const id = await createWithPayload("consumed");
    for (const _ of [1, 2]) await barbican.consumers.add(id, consumer);
    expect(await barbican.consumers.list(id)).toEqual([consumer]);
    await expect(barbican.secrets.delete(id)).rejects.toMatchObject({ kind: "Conflict" });
    for (const _ of [1, 2]) await barbican.consumers.remove(id, consumer);
    expect(await barbican.consumers.list(id)).toEqual([]);
    await barbican.consumers.add(id, consumer);
    await barbican.secrets.delete(id, { force: true });
    expect(await barbican.consumers.list(id)).toBeUndefined();
    await barbican.consumers.remove(id, consumer);
  });
});

describe("an order", () => {
  test("of a key makes a secret of its name, and deleting the order keeps it", async () => {
    const id = await barbican.orders.createKey({ name: "disk-key", algorithm: "aes", bitLength: 256, mode: "cbc" });
    const order = await barbican.orders.get(id);
    expect(order).toMatchObject({ id, name: "disk-key", type: "key", status: "ACTIVE" });
    const secretId = order?.secretId ?? "";
    expect(await barbican.secrets.get(secretId)).toMatchObject({
      name: "disk-key",
      secretType: "symmetric",
      bitLength: 256,
    });
    expect(await barbican.secrets.readPayload(secretId, { audit })).toHaveLength(32);
    await barbican.orders.delete(id);
    await barbican.orders.delete(id);
    expect(await barbican.orders.get(id)).toBeUndefined();
    expect(await barbican.secrets.get(secretId)).toBeDefined();
  });

  test("of a pair makes two secrets and a container of its name", async () => {
    const id = await barbican.orders.createAsymmetric({ name: "pair", algorithm: "rsa", bitLength: 2048 });
    expect((await barbican.orders.list()).map((order) => order.id)).toContain(id);
    const containerId = (await barbican.orders.get(id))?.containerId ?? "";
    const container = await barbican.containers.get(containerId);
    expect(container).toMatchObject({ id: containerId, name: "pair", type: "rsa" });
    expect((await barbican.containers.list()).map((each) => each.id)).toContain(containerId);
    const secrets = new Map(container?.secrets.map((secret) => [secret.name, secret.id]));
    expect([...secrets.keys()].toSorted()).toEqual(["private_key", "public_key"]);
    for (const [name, type, begin] of [
      ["private_key", "private", "-----BEGIN PRIVATE KEY-----"],
      ["public_key", "public", "-----BEGIN PUBLIC KEY-----"],
    ] as const) {
      const secretId = secrets.get(name) ?? "";
      expect(await barbican.secrets.get(secretId)).toMatchObject({ name: "pair", secretType: type });
      const payload = await barbican.secrets.readPayload(secretId, { audit });
      expect(
        Buffer.from(payload ?? [])
          .toString()
          .slice(0, begin.length),
      ).toBe(begin);
    }
    await barbican.containers.delete(containerId);
    await barbican.containers.delete(containerId);
    expect(await barbican.containers.get(containerId)).toBeUndefined();
    expect(await barbican.secrets.get(secrets.get("public_key") ?? "")).toBeDefined();
  });
});

test("a quota is set for any project, holds there, and is taken away", async () => {
  const { id } = await bed.createProject("quota");
  const quotas = bed.cloud.quotas();
  const { secrets } = bed.cloud.project(id).barbican;
  expect(await quotas.get(id)).toBeUndefined();
  await quotas.put(id, { secrets: 1, orders: -1 });
  expect(await quotas.get(id)).toEqual({ secrets: 1, orders: -1 });
  await secrets.create({ name: "first", secretType: "opaque" });
  const second = secrets.create({ name: "second", secretType: "opaque" });
  await expect(second).rejects.toMatchObject({ kind: "Quota", status: 403 });
  await quotas.delete(id);
  await quotas.delete(id);
  await secrets.create({ name: "second", secretType: "opaque" });
});

test("another project's secret is not to be had, by id or by list", async () => {
  const id = await createWithPayload("mine");
  const other = bed.cloud.project((await bed.createProject("other")).id).barbican;
  await expect(other.secrets.get(id)).rejects.toMatchObject({ kind: "Forbidden" });
  await expect(other.secrets.readPayload(id, { audit })).rejects.toMatchObject({ kind: "Forbidden" });
  await expect(other.secrets.delete(id)).rejects.toMatchObject({ kind: "Forbidden" });
  expect(await other.secrets.listByName("mine")).toEqual([]);
});

test("what is not a UUID is not there", async () => {
  expect(await barbican.secrets.get(missing)).toBeUndefined();
  expect(await barbican.secrets.get("nope")).toBeUndefined();
  expect(await barbican.orders.get(missing)).toBeUndefined();
  expect(await barbican.containers.get(missing)).toBeUndefined();
  await barbican.ping();
});
