import { rmSync } from "node:fs";
import { rootCertificates } from "node:tls";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { unique } from "#e2e/harness/bed.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { type Age, type AgeKey, openAge } from "./age.ts";
import { openPostgresql, type TestPostgresql } from "./postgresql.ts";
import { type BackupPrograms, openPrograms } from "./programs.ts";
import { openS3Server, type S3Server } from "./s3-server.ts";

/** The same programs, with a bucket of a real server for their volume. Each pod begins with an empty folder, so each run does. */
let postgresql: TestPostgresql;
let age: Age;
let server: S3Server;
let programs: BackupPrograms;
let keys: readonly AgeKey[];
const prefix = "backups/of";

beforeAll(async () => {
  age = await openAge();
  [postgresql, server] = await Promise.all([openPostgresql(), openS3Server(age.python)]);
});
afterAll(async () => {
  await postgresql?.close();
  await server?.close();
});

beforeEach(async () => {
  programs = openPrograms(age, postgresql, unique("cloud"));
  keys = await Promise.all([age.key(), age.key()]);
  await postgresql.empty();
  await postgresql.sql(
    "keystone",
    "SET ROLE keystone",
    "CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('k1')",
    "CREATE TABLE project (id text PRIMARY KEY); INSERT INTO project VALUES ('first')",
  );
  await postgresql.sql(
    "barbican",
    "SET ROLE barbican",
    "CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('b1')",
    "CREATE TABLE secrets (id text PRIMARY KEY); INSERT INTO secrets VALUES ('one')",
  );
  programs.mount("keys/kek/1", "key-that-nobody-may-read");
  programs.mount("given/identity", keys[0]?.identity ?? "");
  programs.mount("bucket/accessKeyId", server.credentials.accessKeyId);
  programs.mount("bucket/secretAccessKey", `${server.credentials.secretAccessKey}\n`);
  programs.mount("bucket/ca.crt", server.authority);
  return () => programs.close();
});

const name = (hour: number): string => `20261126T${String(hour).padStart(2, "0")}0000Z`;

interface Changed {
  readonly endpoint?: string;
  readonly bucket?: string;
  readonly region?: string;
  readonly keySet?: string;
}

function planOf(hour: number, { keySet, ...changed }: Changed = {}): Readonly<Record<string, unknown>> {
  const { endpoint, bucket } = server;
  return {
    name: name(hour),
    recipients: keys.map(({ recipient }) => recipient),
    keys: { kek: { name: `${programs.cloud}-kek`, labels: {}, annotations: {} } },
    bucket: { endpoint, bucket, prefix, region: "us-east-1", authority: "bucket/ca.crt", ...changed },
    ...(keySet === undefined ? {} : { keySet }),
  };
}

async function run(program: "back_up.py" | "restore_databases.py", hour: number, changed?: Changed) {
  rmSync(programs.backups, { recursive: true, force: true });
  return await programs.run(program, { plan: planOf(hour, changed) });
}
const backUp = (hour = 1, changed?: Changed) => run("back_up.py", hour, changed);
const restore = (hour = 1, changed?: Changed) => run("restore_databases.py", hour, changed);

const key = (hour: number, file: string): string => `${prefix}/${programs.cloud}/${name(hour)}/${file}`;
/** Which backups have an object in the bucket. */
async function there(): Promise<readonly string[]> {
  const ours = (await server.objects()).filter((each) => each.startsWith(`${prefix}/${programs.cloud}/`));
  return [...new Set(ours.map((each) => each.split("/").at(-2) ?? ""))];
}

describe("a backup in a bucket", () => {
  test("brings both databases back, and holds nothing more than one on a volume", async () => {
    const made = await backUp();
    expect(made).toMatchObject({ ok: true });
    expect(JSON.parse(made.text)).toMatchObject({ name: name(1), kept: 1 });
    expect((await server.objects()).filter((each) => each.includes(programs.cloud))).toEqual(
      ["barbican.dump.age", "keys.json.age", "keystone.dump.age", "manifest.json"].map((file) => key(1, file)),
    );
    // The control: what was not stored is not there.
    await postgresql.empty();
    expect(await restore(2)).toMatchObject({
      ok: false,
      text: `there is no backup ${name(2)} of ${programs.cloud} in bucket clouds at ${server.endpoint}; there are: ${name(1)}`,
    });
    expect(await restore()).toMatchObject({ ok: true });
    expect(await postgresql.sql("keystone", "SELECT id FROM project")).toBe("first");
    expect(await postgresql.sql("barbican", "SELECT id FROM secrets")).toBe("one");
  });

  test("a repeat of it makes no other, and does not touch the one that is there", async () => {
    expect(await backUp()).toMatchObject({ ok: true });
    const before = await server.read(key(1, "manifest.json"));
    expect(await backUp()).toMatchObject({ ok: true });
    expect(await server.read(key(1, "manifest.json"))).toEqual(before);
  });

  test("the oldest go, and those of another Cloud stay", async () => {
    await backUp(1, { keySet: "of-others" });
    for (const hour of [2, 3, 4]) expect(await backUp(hour)).toMatchObject({ ok: true });
    expect(await there()).toEqual([1, 3, 4].map(name));
    expect(await backUp(1)).toMatchObject({ ok: false, text: expect.stringContaining("of another Cloud") as string });
  });

  test("without its manifest is none; what was altered is refused", async () => {
    await backUp();
    await postgresql.empty();
    const dump = await server.read(key(1, "keystone.dump.age"));
    await server.write(key(1, "keystone.dump.age"), Buffer.concat([dump, Buffer.from("x")]));
    expect((await restore()).text).toContain("keystone.dump.age of backup");
    await server.write(key(1, "keystone.dump.age"), dump);
    const manifest = await server.read(key(1, "manifest.json"));
    await server.remove(key(1, "manifest.json"));
    expect((await restore()).text).toContain("there is no backup");
    // The control.
    await server.write(key(1, "manifest.json"), manifest);
    expect(await restore()).toMatchObject({ ok: true });
  });

  test("that was cut off is no backup: ours goes a day later, another Cloud's stays", async () => {
    const cutOff = async (hour: number, keySet: string): Promise<void> => {
      rmSync(programs.backups, { recursive: true, force: true });
      // As a pod that is killed between two objects.
      const edit = (text: string): string =>
        text.replace("for file in (KEYS, *map(dump_of, DATABASES), MANIFEST):", "for file in (KEYS,):");
      expect(await programs.run("back_up.py", { plan: planOf(hour, { keySet }), edit })).toMatchObject({ ok: true });
    };
    await cutOff(1, "set-1");
    await cutOff(2, "of-others");
    expect(await server.objects()).toContain(key(1, "keys.json.age"));
    expect(await server.objects()).not.toContain(key(1, "manifest.json"));
    expect(await backUp(2)).toMatchObject({ ok: false, text: expect.stringContaining("of another Cloud") as string });
    expect(await backUp(3)).toMatchObject({ ok: true });
    expect(await there()).toEqual([1, 2, 3].map(name));
    rmSync(programs.backups, { recursive: true, force: true });
    const aDayLater = (text: string): string => text.replace("timedelta(days=1)", "timedelta(0)");
    await eventually("what was cut off to be old", async () => {
      await programs.run("back_up.py", { plan: planOf(4), edit: aDayLater });
      return !(await there()).includes(name(1));
    });
    expect(await there()).toEqual([2, 3, 4].map(name));
  });
});

describe("a bucket that cannot be used", () => {
  test.each<[string, () => Changed, RegExp]>([
    ["is not there", () => ({ bucket: "none" }), /NoSuchBucket/],
    ["is at an address where nobody is", () => ({ endpoint: "https://127.0.0.1:9" }), /Could not connect/],
    [
      "is spoken to in clear text",
      () => ({ endpoint: server.endpoint.replace("https", "http") }),
      /Connection was closed before/,
    ],
  ])("%s: says which, and why", async (_, changed, why) => {
    const { ok, text } = await backUp(1, changed());
    expect(ok).toBe(false);
    expect(text).toMatch(why);
    expect(text).toContain("list_objects_v2 failed in bucket");
  });

  test("for which the key is wrong says so, and not the key", async () => {
    programs.mount("bucket/secretAccessKey", "another-that-nobody-may-read");
    const { ok, text } = await backUp();
    expect(ok).toBe(false);
    expect(text).toContain("SignatureDoesNotMatch");
    expect(text).not.toContain("nobody-may-read");
  });

  test("for which the key id has a second line, which no header can have, says so, and not the line", async () => {
    programs.mount("bucket/accessKeyId", "of-the-bucket\nkey-that-nobody-may-read");
    const { ok, text } = await backUp();
    expect(ok).toBe(false);
    expect(text).toContain("list_objects_v2 failed in bucket");
    expect(text).not.toContain("nobody-may-read");
  });

  test("for which the region is none says so", async () => {
    expect(await backUp(1, { region: "us_east" })).toMatchObject({
      ok: false,
      text: expect.stringContaining("us_east") as string,
    });
  });

  test("whose certificate another authority signed is not believed", async () => {
    programs.mount("bucket/ca.crt", rootCertificates[0] ?? "");
    const { ok, text } = await backUp();
    expect(ok).toBe(false);
    expect(text).toMatch(/SSL|certificate/);
  });
});
