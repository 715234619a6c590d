import { createCipheriv, createHash, createHmac, randomBytes } from "node:crypto";
import { once } from "node:events";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { unique } from "#e2e/harness/bed.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { searcherFor } from "#e2e/proofs/canary/search.ts";
import { fernetKey } from "#operator/cloud/decide/key-table.ts";
import { type Age, type AgeKey, openAge } from "./age.ts";
import { openPostgresql, type TestPostgresql } from "./postgresql.ts";
import { type BackupPrograms, openPrograms } from "./programs.ts";

/** What the programs of backups do, beside a PostgreSQL of the version that a Cloud has. */
let postgresql: TestPostgresql;
let age: Age;
let programs: BackupPrograms;
let keys: readonly AgeKey[];
const payload = { name: "payload", value: "payload-that-nobody-may-read" };
const kek = { name: "kek", value: "key-that-nobody-may-read" };

beforeAll(async () => {
  age = await openAge();
  postgresql = await openPostgresql();
});
afterAll(() => postgresql?.close());

beforeEach(async () => {
  programs = openPrograms(age, postgresql, unique("cloud"));
  keys = await Promise.all([age.key(), age.key()]);
  await postgresql.empty();
  await postgresql.sql(
    "keystone",
    "SET ROLE keystone",
    "CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('k2'), ('k1')",
    "CREATE TABLE project (id text PRIMARY KEY); INSERT INTO project VALUES ('first')",
  );
  await postgresql.sql(
    "barbican",
    "SET ROLE barbican",
    "CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('b1')",
    "CREATE TABLE secrets (id text PRIMARY KEY, project text, payload bytea)",
    `INSERT INTO secrets VALUES ('one', 'first', '${payload.value}')`,
  );
  programs.mount("keys/kek/1", kek.value);
  return () => programs.close();
});

const name = (hour: number): string => `20261126T${String(hour).padStart(2, "0")}0000Z`;
const secretName = (): string => `${programs.cloud}-kek`;

const planOf = (hour: number): Readonly<Record<string, unknown>> => ({
  name: name(hour),
  recipients: keys.map(({ recipient }) => recipient),
  keys: { kek: { name: secretName(), labels: { "nephele.dev/cloud": programs.cloud }, annotations: {} } },
});
const backUp = (hour = 1) => programs.run("back_up.py", { plan: planOf(hour) });
const restore = (hour = 1) => programs.run("restore_databases.py", { plan: planOf(hour) });
const fileOf = (file: string, hour = 1): string => join(programs.backups, name(hour), file);
const tablesOf = (database: string) =>
  postgresql.sql(database, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'");

/** What a file holds, as whoever holds the private key reads it with stock programs. */
async function opened(file: string): Promise<Buffer> {
  const [key] = keys;
  if (key === undefined) throw new Error("there is no key");
  return age.open(file, key);
}

describe("a backup", () => {
  test("brings both databases back, for either private key", async () => {
    const made = await backUp();
    expect(made).toMatchObject({ ok: true });
    expect(JSON.parse(made.text)).toMatchObject({ name: name(1), kept: 1 });
    for (const { identity } of keys) {
      await postgresql.empty();
      programs.mount("given/identity", `# created by age-keygen\n${identity}\n`);
      expect(await restore()).toMatchObject({ ok: true });
      expect(await postgresql.sql("keystone", "SELECT id FROM project")).toBe("first");
      const read = "SELECT id, project, convert_from(payload, 'utf8') FROM secrets";
      expect(await postgresql.sql("barbican", read)).toBe(`one|first|${payload.value}`);
      const owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'";
      expect(await postgresql.sql("barbican", owners)).toBe("barbican");
    }
    // Again changes nothing: what was filled is left.
    await postgresql.sql("keystone", "INSERT INTO project VALUES ('second')");
    expect(await restore()).toMatchObject({ ok: true });
    expect(await postgresql.sql("keystone", "SELECT count(*) FROM project")).toBe("2");
  });

  test("that was moved comes back from where it is: what lies under the name in its manifest is nobody's to read", async () => {
    expect(await backUp()).toMatchObject({ ok: true });
    cpSync(join(programs.backups, name(1)), join(programs.backups, name(2)), { recursive: true });
    writeFileSync(fileOf("keystone.dump.age"), "of somebody else");
    await postgresql.empty();
    programs.mount("given/identity", keys[0]?.identity ?? "");
    expect(await restore(2)).toMatchObject({ ok: true });
    expect(await postgresql.sql("keystone", "SELECT id FROM project")).toBe("first");
  });

  test("shows neither what is stored nor the keys; opened, or not encrypted, it does", async () => {
    await backUp();
    const search = searcherFor([payload, kek]);
    const files = readdirSync(join(programs.backups, name(1)));
    expect(files.sort()).toEqual(["barbican.dump.age", "keys.json.age", "keystone.dump.age", "manifest.json"]);
    for (const file of files) expect(search(readFileSync(fileOf(file)))).toEqual([]);
    // The controls: the same searcher finds both once they are opened.
    expect(search(await opened(fileOf("keys.json.age"))).map(({ canary }) => canary)).toContain("kek");
    const plain = await postgresql.sql("barbican", "SELECT payload FROM secrets");
    expect(search(Buffer.from(plain)).map(({ canary }) => canary)).toContain("payload");
    const notEncrypted = (text: string): string =>
      text
        .replace("pyrage.encrypt_io(reader, written, recipients)", "shutil.copyfileobj(reader, written)")
        .replace('"--format=custom"', '"--format=plain"');
    await programs.run("back_up.py", { plan: planOf(2), edit: notEncrypted });
    expect(search(readFileSync(fileOf("barbican.dump.age", 2))).map(({ canary }) => canary)).toContain("payload");
  });

  test("holds nothing of Barbican's that Keystone's does not know; in the other order it does", async () => {
    programs.mount("given/identity", keys[0]?.identity ?? "");
    // So much is between the two moments that many writes are.
    const slowly = (text: string): string =>
      text.replace("def snapshot(connection):", "def snapshot(connection):\n    import time; time.sleep(0.5)");
    const reversed = (text: string): string =>
      slowly(text).replace('DATABASES = ("barbican", "keystone")', 'DATABASES = ("keystone", "barbican")');
    const unknown: number[] = [];
    for (const edit of [slowly, reversed]) {
      let going = true;
      const writing = (async () => {
        for (let n = 0; going; n++) {
          const id = unique("project");
          await postgresql.sql("keystone", `INSERT INTO project VALUES ('${id}')`);
          await postgresql.sql("barbican", `INSERT INTO secrets VALUES ('${id}-${n}', '${id}', 'x')`);
        }
      })();
      const hour = unknown.length + 1;
      const made = await programs.run("back_up.py", { plan: planOf(hour), edit });
      going = false;
      await writing;
      expect(made).toMatchObject({ ok: true });
      await postgresql.empty();
      expect(await restore(hour)).toMatchObject({ ok: true });
      const known = new Set((await postgresql.sql("keystone", "SELECT id FROM project")).split("\n"));
      const named = (await postgresql.sql("barbican", "SELECT project FROM secrets")).split("\n");
      unknown.push(named.filter((id) => !known.has(id)).length);
    }
    expect(unknown[0]).toBe(0);
    expect(unknown[1]).toBeGreaterThan(0);
  });

  test("that is ended in the middle is not taken for one, and the next takes what it left away", async () => {
    const unlock = await postgresql.lock("keystone", "project");
    const child = programs.start("back_up.py", { plan: planOf(1) });
    const partial = join(programs.backups, `.partial-${name(1)}`);
    await eventually("the second dump to wait", async () => existsSync(join(partial, "keystone.dump.age")));
    child.kill("SIGKILL");
    await once(child, "exit");
    await unlock();
    expect(programs.names()).toEqual([`.partial-${name(1)}`]);
    programs.mount("given/identity", keys[0]?.identity ?? "");
    expect(await restore()).toEqual({
      ok: false,
      text: `there is no backup ${name(1)} of ${programs.cloud} on the volume; there are: none`,
    });
    expect(await backUp(2)).toMatchObject({ ok: true });
    expect(programs.names()).toEqual([name(2)]);
  });

  test("is given up where keys are rotated meanwhile", async () => {
    const unlock = await postgresql.lock("keystone", "project");
    const going = backUp();
    const partial = join(programs.backups, `.partial-${name(1)}`);
    await eventually("the second dump to wait", async () => existsSync(join(partial, "keystone.dump.age")));
    programs.mount("keys/kek/2", "another-key");
    await unlock();
    expect(await going).toMatchObject({ ok: false, text: expect.stringMatching(/^keys were rotated/) as string });
    expect(programs.names()).toEqual([`.partial-${name(1)}`]);
  });

  test("is written by one at a time", async () => {
    const unlock = await postgresql.lock("keystone", "project");
    const going = backUp(1);
    await eventually("the first to have begun", async () => programs.names().length > 0);
    expect(await backUp(2)).toEqual({ ok: false, text: "another backup is being written to this volume" });
    await unlock();
    expect(await going).toMatchObject({ ok: true });
  });
});

describe("older backups", () => {
  test("go once a new one is whole, and so many stay as are to be kept", async () => {
    for (const hour of [1, 2, 3]) expect(await backUp(hour)).toMatchObject({ ok: true });
    expect(programs.names()).toEqual([name(2), name(3)]);
  });

  test("of other keys are nobody's to remove: of a Cloud that had the volume before, or of another cluster's", async () => {
    const later = { ...planOf(4), keySet: "set-2" };
    for (const hour of [1, 2]) expect(await backUp(hour)).toMatchObject({ ok: true });
    for (const each of [{ ...later, name: name(3) }, later, { ...later, name: name(5) }])
      expect(await programs.run("back_up.py", { plan: each })).toMatchObject({ ok: true });
    expect(programs.names()).toEqual([name(1), name(2), name(4), name(5)]);
    const again = await programs.run("back_up.py", { plan: { ...later, name: name(1) } });
    expect(again).toEqual({
      ok: false,
      text: `backup ${name(1)} of another Cloud ${programs.cloud} is on the volume: this one is made by another name`,
    });
    // The control: of the same keys the third takes the first away.
    expect(await backUp(6)).toMatchObject({ ok: true });
    expect(programs.names()).toEqual([name(2), name(4), name(5), name(6)]);
  });

  test("go before the one that was just made, also where a clock that went back named it as the oldest", async () => {
    for (const hour of [2, 3]) expect(await backUp(hour)).toMatchObject({ ok: true });
    expect(await backUp(1)).toMatchObject({ ok: true });
    expect(programs.names()).toEqual([name(1), name(3)]);
  });

  test.each([
    ["the database is away", { plan: { port: 1 } }, /^OperationalError: connection .* failed/],
    ["the volume is full", { fileLimit: 200 }, /File too large/],
    [
      "the login is refused",
      {
        plan: {
          logins: {
            keystone: { role: "barbican", file: "given/keystone" },
            barbican: { role: "barbican", file: "given/barbican" },
          },
        },
      },
      /password authentication failed/,
    ],
  ])("stay where a new one fails because %s", async (_says, options, why) => {
    for (const hour of [1, 2]) await backUp(hour);
    const failed = await programs.run("back_up.py", {
      ...options,
      plan: { ...planOf(3), ...("plan" in options ? options.plan : {}) },
    });
    expect(failed.ok).toBe(false);
    expect(failed.text).toMatch(why);
    expect(failed.text).not.toContain("of-barbican");
    expect(programs.names().filter((each) => !each.startsWith("."))).toEqual([name(1), name(2)]);
  });
});

describe("a restore is refused", () => {
  beforeEach(async () => {
    expect(await backUp()).toMatchObject({ ok: true });
    programs.mount("given/identity", keys[0]?.identity ?? "");
  });
  const flip = (file: string): void => {
    const bytes = readFileSync(file);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 40) ^ 1, bytes.length - 40);
    writeFileSync(file, bytes);
  };

  test("where a byte of a dump is another, even if the manifest was made to fit; and nothing is written", async () => {
    await postgresql.empty();
    const file = fileOf("keystone.dump.age");
    flip(file);
    expect(await restore()).toEqual({
      ok: false,
      text: `keystone.dump.age of backup ${name(1)} is not as it was written: use another backup`,
    });
    const sha256 = createHash("sha256").update(readFileSync(file)).digest("hex");
    const manifest = JSON.parse(readFileSync(fileOf("manifest.json"), "utf8")) as {
      readonly files: Readonly<Record<string, { readonly bytes: number; sha256: string }>>;
    };
    const [entry] = Object.entries(manifest.files).flatMap(([each, found]) =>
      each === "keystone.dump.age" ? [found] : [],
    );
    if (entry !== undefined) entry.sha256 = sha256;
    writeFileSync(fileOf("manifest.json"), JSON.stringify(manifest));
    const refused = await restore();
    expect(refused.ok).toBe(false);
    expect(refused.text).toMatch(/^keystone.dump.age cannot be decrypted/);
    expect(await tablesOf("keystone")).toBe("0");
    // The control: with the byte put back, and nothing else, it is taken.
    flip(file);
    const back = createHash("sha256").update(readFileSync(file)).digest("hex");
    if (entry !== undefined) entry.sha256 = back;
    writeFileSync(fileOf("manifest.json"), JSON.stringify(manifest));
    expect(await restore()).toMatchObject({ ok: true });
  });

  test("to another private key, which is told whose it would be; and to what is none", async () => {
    await postgresql.empty();
    programs.mount("given/identity", (await age.key()).identity);
    const refused = await restore();
    expect(refused.text).toBe(
      `the identity is of none of the backup's recipients: ${keys.map(({ recipient }) => recipient).join(", ")}`,
    );
    programs.mount("given/identity", "AGE-SECRET-KEY-1NONE");
    expect((await restore()).text).toMatch(/^the identity is damaged/);
    programs.mount("given/identity", "");
    expect((await restore()).text).toMatch(/^the identity holds no line/);
    expect(await tablesOf("barbican")).toBe("0");
  });

  test("over tables that are not its own", async () => {
    await postgresql.empty();
    await postgresql.sql("barbican", "SET ROLE barbican", "CREATE TABLE mine ()");
    expect((await restore()).text).toMatch(/^database barbican has tables already, .* nothing is written over them/);
    expect(await tablesOf("barbican")).toBe("1");
    expect(await tablesOf("keystone")).toBe("0");
  });
});

/** A token as Fernet writes it (github.com/fernet/spec), by the key's 32 bytes. */
function fernetToken(key: string, text: string): string {
  const bytes = Buffer.from(key, "base64url");
  const iv = randomBytes(16);
  const cipher = createCipheriv("aes-128-cbc", bytes.subarray(16), iv);
  const signed = Buffer.concat([Buffer.of(0x80), Buffer.alloc(8), iv, cipher.update(text), cipher.final()]);
  const mac = createHmac("sha256", bytes.subarray(0, 16)).update(signed).digest();
  return Buffer.concat([signed, mac])
    .toString("base64url")
    .padEnd(Math.ceil(((signed.length + 32) * 4) / 3 / 4) * 4, "=");
}

describe("a drill", () => {
  const ofProjects = fernetKey();
  const ofCredentials = fernetKey();
  const plugin = "barbican.plugin.crypto.simple_crypto.SimpleCryptoPlugin";
  const storeProjectKey = (key: string) =>
    postgresql.sql("barbican", `INSERT INTO kek_data VALUES ('${plugin}', '${fernetToken(key, "of a project")}')`);
  const drill = (edit?: (text: string) => string) => {
    const place = programs.scratch;
    const logins = { keystone: { role: "keystone" }, barbican: { role: "barbican" } };
    const options = { plan: { ...planOf(1), host: place, port: 5432, logins }, asNobody: true };
    return programs.run("drill.py", edit === undefined ? options : { ...options, edit });
  };

  beforeEach(async () => {
    await postgresql.sql(
      "keystone",
      "SET ROLE keystone",
      "ALTER TABLE project ADD is_domain boolean DEFAULT false",
      "INSERT INTO project VALUES ('default', true)",
      "CREATE TABLE credential (encrypted_blob text)",
      `INSERT INTO credential VALUES ('${fernetToken(ofCredentials, "of a user")}')`,
    );
    await postgresql.sql(
      "barbican",
      "SET ROLE barbican",
      "ALTER TABLE secrets ADD deleted boolean DEFAULT false",
      "CREATE TABLE kek_data (plugin_name text, plugin_meta text)",
    );
    await storeProjectKey(ofProjects);
    programs.mount("keys/kek/1", ofProjects);
    programs.mount("keys/credential/1", ofCredentials);
    programs.mount("given/identity", keys[1]?.identity ?? "");
    await programs.run("back_up.py", { plan: withCredentials() });
  });
  const withCredentials = () => {
    const metadata = (key: string) => ({
      name: `${programs.cloud}-${key}`,
      labels: { "nephele.dev/cloud": programs.cloud },
      annotations: {},
    });
    return { ...planOf(1), keys: { kek: metadata("kek"), credential: metadata("credential") } };
  };

  test("restores a backup for itself and tries the keys; the databases that there are stay as they are", async () => {
    await postgresql.sql("keystone", "INSERT INTO project VALUES ('later', false)");
    const said = await drill();
    expect(said).toEqual({ ok: true, text: JSON.stringify({ name: name(1), projects: 1, secrets: 1, tried: 2 }) });
    expect(await postgresql.sql("keystone", "SELECT count(*) FROM project")).toBe("3");
  });

  test("ends where it fails with a session open", async () => {
    const said = await drill((text) => text.replace("found = revision(connection)", 'raise Refused("in the middle")'));
    expect(said).toEqual({ ok: false, text: "in the middle" });
  });

  test("finds out where a key is none of the backup's, and where the private key is another", async () => {
    await storeProjectKey(fernetKey());
    rmSync(join(programs.backups, name(1)), { recursive: true });
    await programs.run("back_up.py", { plan: withCredentials() });
    expect(await drill()).toEqual({
      ok: false,
      text: "1 of 2 keys of projects were encrypted by none of the keys in the backup",
    });
    programs.mount("given/identity", (await age.key()).identity);
    expect((await drill()).text).toMatch(/^the identity is of none of the backup's recipients/);
  });
});
