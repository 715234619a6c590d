import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { KeystoneClient } from "#operator/clients/keystone/client.ts";
import { type ClientsBed, openClientsBed, openStack } from "./operator-clients.ts";

let bed: ClientsBed;
let keystone: KeystoneClient;

beforeAll(async () => {
  bed = await openClientsBed("t-keystone");
  keystone = bed.cloud.keystone();
});
afterAll(() => bed?.close());

const missing = "00000000000000000000000000000000";

describe("a project", () => {
  test("is found by id, by name and by tag, and changed", async () => {
    const domainId = bed.domain.id;
    const tag = `nephele:${bed.domain.name}:team-a`;
    const made = await keystone.projects.create({ name: "a", domainId, tags: [tag], description: "first" });
    expect(made).toMatchObject({ name: "a", domainId, tags: [tag], description: "first", enabled: true });
    expect(await keystone.projects.get(made.id)).toEqual(made);
    expect(await keystone.projects.findByName(domainId, "a")).toEqual(made);
    expect(await keystone.projects.listByTag(tag)).toEqual([made]);
    expect(await keystone.projects.list()).toContainEqual(made);
    const changed = await keystone.projects.update(made.id, { description: "", enabled: false, name: "b" });
    expect(changed).toEqual({ ...made, description: "", enabled: false, name: "b" });
    await keystone.projects.addTag(made.id, "more");
    expect((await keystone.projects.get(made.id))?.tags.toSorted()).toEqual(["more", tag].toSorted());
  });

  test("of a name that is taken is a conflict", async () => {
    const project = { name: "taken", domainId: bed.domain.id, tags: [] };
    await keystone.projects.create(project);
    await expect(keystone.projects.create(project)).rejects.toMatchObject({ kind: "Conflict", status: 409 });
  });

  test("that is not there is undefined, and is deleted without error", async () => {
    expect(await keystone.projects.get(missing)).toBeUndefined();
    expect(await keystone.projects.findByName(bed.domain.id, "nobody's")).toBeUndefined();
    expect(await keystone.projects.listByTag("nobody's")).toEqual([]);
    await keystone.projects.delete(missing);
    await expect(keystone.projects.update(missing, { enabled: false })).rejects.toMatchObject({ kind: "NotFound" });
  });

  test("of a bad name is invalid, and the error says what Keystone said", async () => {
    const project = { name: "x".repeat(65), domainId: bed.domain.id, tags: [] };
    const refused = keystone.projects.create(project);
    await expect(refused).rejects.toMatchObject({ kind: "Invalid", status: 400, retryable: false });
    await expect(refused).rejects.toThrow(/name/);
  });
});

describe("people", () => {
  test("users and groups are found by domain and name", async () => {
    const user = await bed.domain.createUser("dev-1");
    const group = await bed.domain.createGroup("operators", [user.id]);
    expect(await keystone.domains.findByName(bed.domain.name)).toMatchObject({ id: bed.domain.id, enabled: true });
    expect(await keystone.domains.get(bed.domain.id)).toMatchObject({ name: bed.domain.name });
    expect(await keystone.users.findByName(bed.domain.id, "dev-1")).toMatchObject({ id: user.id, enabled: true });
    expect(await keystone.groups.findByName(bed.domain.id, "operators")).toMatchObject({ id: group.id });
    expect(await keystone.groups.get(group.id)).toMatchObject({ name: "operators" });
  });

  test("nobody is undefined", async () => {
    expect(await keystone.domains.findByName("no such domain")).toBeUndefined();
    expect(await keystone.domains.get(missing)).toBeUndefined();
    expect(await keystone.users.findByName(bed.domain.id, "nobody")).toBeUndefined();
    expect(await keystone.users.get(missing)).toBeUndefined();
    expect(await keystone.groups.findByName(bed.domain.id, "nobody")).toBeUndefined();
    expect(await keystone.groups.get(missing)).toBeUndefined();
    expect(await keystone.roles.findByName("no-such-role")).toBeUndefined();
  });

  test("users are listed by the beginning of their names, made, changed and deleted", async () => {
    const domainId = bed.domain.id;
    for (const name of ["robot-1", "robot-2", "other"]) {
      await keystone.users.create({ name, domainId, password: "a password", description: "of a test" });
    }
    const robots = await keystone.users.listByPrefix(domainId, "robot-");
    expect(robots.map(({ name, description }) => `${name} ${description}`).toSorted()).toEqual([
      "robot-1 of a test",
      "robot-2 of a test",
    ]);
    const id = robots[0]?.id ?? "";
    expect(await keystone.users.update(id, { enabled: false })).toMatchObject({ enabled: false });
    await keystone.users.delete(id);
    await keystone.users.delete(id);
    expect(await keystone.users.get(id)).toBeUndefined();
  });
});

describe("a role on a project", () => {
  test("is assigned and unassigned, each as often as one likes", async () => {
    const project = await keystone.projects.create({ name: "roles", domainId: bed.domain.id, tags: [] });
    const user = await bed.domain.createUser("dev-2");
    const group = await bed.domain.createGroup("readers", [user.id]);
    const roleId = (await keystone.roles.findByName("reader"))?.id ?? "";
    const ofUser = { projectId: project.id, roleId, actor: { kind: "user", id: user.id } } as const;
    const ofGroup = { projectId: project.id, roleId, actor: { kind: "group", id: group.id } } as const;
    for (const assignment of [ofUser, ofUser, ofGroup]) await keystone.assignments.assign(assignment);
    const listed = await keystone.assignments.listForProject(project.id);
    expect(listed).toHaveLength(2);
    expect(listed).toEqual(expect.arrayContaining([ofUser, ofGroup]));
    for (const assignment of [ofUser, ofUser, ofGroup]) await keystone.assignments.unassign(assignment);
    expect(await keystone.assignments.listForProject(project.id)).toEqual([]);
  });

  test("for somebody who is not there is an error", async () => {
    const roleId = (await keystone.roles.findByName("reader"))?.id ?? "";
    const project = await keystone.projects.create({ name: "nobody-there", domainId: bed.domain.id, tags: [] });
    const assignment = { projectId: project.id, roleId, actor: { kind: "user", id: missing } } as const;
    await expect(keystone.assignments.assign(assignment)).rejects.toMatchObject({ kind: "NotFound" });
  });
});

describe("a robot", () => {
  test("makes an application credential, with which one logs in until it is deleted", async () => {
    const { cloud, domain } = bed;
    const project = await keystone.projects.create({ name: "robots", domainId: domain.id, tags: [] });
    const user = await domain.createUser("robot-3");
    const roleId = (await keystone.roles.findByName("member"))?.id ?? "";
    await keystone.assignments.assign({ projectId: project.id, roleId, actor: { kind: "user", id: user.id } });
    const login = { username: user.name, domainId: domain.id, password: user.password, projectId: project.id };
    const session = await cloud.robotLogin(login);
    expect(session.userId).toBe(user.id);

    const expiresAt = "2199-01-01T00:00:00.000000Z";
    const made = await session.createApplicationCredential({ name: "one", roles: ["member"], expiresAt });
    expect(made).toMatchObject({ name: "one", projectId: project.id, expiresAt });
    const again = session.createApplicationCredential({ name: "one", roles: ["member"] });
    await expect(again).rejects.toMatchObject({ kind: "Conflict" });
    const identity = await cloud.credentialLogin({ id: made.id, secret: made.secret });
    expect(identity).toMatchObject({ userId: user.id });
    expect(identity.roles.toSorted()).toEqual(["member", "reader"]);

    const { secret: _secret, ...listed } = made;
    expect(await keystone.applicationCredentials.list(user.id)).toEqual([listed]);
    await keystone.applicationCredentials.delete(user.id, made.id);
    await keystone.applicationCredentials.delete(user.id, made.id);
    const after = cloud.credentialLogin({ id: made.id, secret: made.secret });
    await expect(after).rejects.toMatchObject({ kind: "Unauthorized" });
    expect(await keystone.applicationCredentials.list(missing)).toEqual([]);
  });

  test("with a wrong password is refused, and the error does not hold it", async () => {
    const user = await bed.domain.createUser("robot-4");
    const login = { username: user.name, domainId: bed.domain.id, password: "not-it-4711", projectId: missing };
    const error: unknown = await bed.cloud.robotLogin(login).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ kind: "Unauthorized" });
    expect(String(error)).not.toContain("not-it-4711");
  });
});

test("the catalog names both services, and ping answers", async () => {
  const endpoints = await keystone.catalog.endpoints();
  const { identityUrl, keyManagerUrl, region } = openStack();
  expect(endpoints).toContainEqual({ serviceType: "identity", interface: "public", region, url: identityUrl });
  expect(endpoints).toContainEqual({ serviceType: "key-manager", interface: "public", region, url: keyManagerUrl });
  expect(await keystone.catalog.region(region)).toMatchObject({ id: region });
  expect(await keystone.catalog.region("nowhere")).toBeUndefined();
  expect(await keystone.ping()).toMatchObject({ status: "stable" });
});
