import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CloudClients, createCloudClients, createCloudClientsCache } from "#operator/clients/cloud-clients.ts";
import type { RequestObservation } from "#operator/clients/request.ts";
import { type ClientsBed, openClientsBed, operatorClients, operatorSettings } from "./operator-clients.ts";

let bed: ClientsBed;
const opened: CloudClients[] = [];

beforeAll(async () => {
  bed = await openClientsBed("t-login");
});
afterAll(async () => {
  await Promise.all(opened.map((cloud) => cloud.close()));
  await bed?.close();
});

/** Clients without any token yet, and what they send. */
function freshClients(): {
  readonly cloud: CloudClients;
  readonly logins: () => number;
  readonly seen: RequestObservation[];
} {
  const seen: RequestObservation[] = [];
  const cloud = operatorClients({ onRequest: (observation) => seen.push(observation) });
  opened.push(cloud);
  return {
    cloud,
    seen,
    logins: () => seen.filter(({ method, route }) => method === "POST" && route === "/v3/auth/tokens").length,
  };
}

describe("tokens", () => {
  test("one password login serves the system and many projects, however many ask at once", async () => {
    const projects = await Promise.all(["a", "b", "c"].map((name) => bed.createProject(name)));
    const { cloud, logins } = freshClients();
    const asks = [1, 2, 3].flatMap(() => [
      ...projects.map(({ id }) => cloud.project(id).barbican.ping()),
      cloud.keystone().ping(),
    ]);
    await Promise.all(asks);
    // One by password, one for the system, three for projects.
    expect(logins()).toBe(5);
  });

  test("one that was revoked is renewed, and the call succeeds", async () => {
    const { id: projectId } = await bed.createProject("revoked");
    const { cloud } = freshClients();
    const { barbican } = cloud.project(projectId);
    await barbican.ping();
    const keystone = bed.cloud.keystone();
    const { userId } = await keystone.whoAmI();
    const roleId = (await keystone.roles.findByName("member"))?.id ?? "";
    const assignment = { projectId, roleId, actor: { kind: "user", id: userId } } as const;
    // Taking the role away revokes the token for this project; with the role back, a new one is to be had.
    await keystone.assignments.unassign(assignment);
    await keystone.assignments.assign(assignment);
    await expect.poll(() => barbican.secrets.create({ name: "after", secretType: "opaque" })).toBeTypeOf("string");
  });

  test("a login goes on over a change of its password when it knows the next one, and does not without", async () => {
    const { id: projectId } = await bed.createProject("changed");
    const { users, roles, assignments } = bed.cloud.keystone();
    const [username, password, nextPassword] = ["changed", randomUUID(), randomUUID()];
    const { id } = await users.create({ name: username, domainId: bed.domain.id, password });
    const roleId = (await roles.findByName("member"))?.id ?? "";
    await assignments.assign({ projectId, roleId, actor: { kind: "user", id } });
    const credentials = { username, password, userDomain: bed.domain.name };
    const [knows, doesNot] = [{ ...credentials, nextPassword }, credentials].map((each) =>
      createCloudClients({ ...operatorSettings(), credentials: each }),
    );
    const ask = async (cloud: CloudClients | undefined) => cloud?.project(projectId).barbican.ping();
    await ask(knows);
    await ask(doesNot);
    await users.update(id, { password: nextPassword });
    // Barbican keeps what it knows of a token for a while.
    const later = createCloudClients({ ...operatorSettings(), credentials: { ...credentials, nextPassword } });
    opened.push(...[knows, doesNot, later].filter((cloud) => cloud !== undefined));
    await ask(later);
    await expect(doesNot?.keystone().ping()).rejects.toMatchObject({ kind: "Unauthorized" });
    await expect(knows?.keystone().ping()).rejects.toMatchObject({ kind: "ScopeRefused" });
    await ask(knows);
  });

  test("a project in which we have no role says so, without another login by password", async () => {
    const keystone = bed.cloud.keystone();
    const { id } = await keystone.projects.create({ name: "foreign", domainId: bed.domain.id, tags: [] });
    const { cloud, seen, logins } = freshClients();
    await cloud.keystone().ping();
    const before = logins();
    const refused = cloud.project(id).barbican.ping();
    await expect(refused).rejects.toMatchObject({ kind: "ScopeRefused", retryable: false });
    await expect(refused).rejects.toThrow(`gets no token for project ${id}`);
    expect(logins() - before).toBe(1);
    expect(seen.filter(({ route }) => route.startsWith("/v1"))).toEqual([]);
  });

  test("a disabled project is refused, and works again when it is enabled", async () => {
    const { id } = await bed.createProject("disabled");
    const { projects } = bed.cloud.keystone();
    await projects.update(id, { enabled: false });
    const { cloud } = freshClients();
    await expect(cloud.project(id).barbican.ping()).rejects.toMatchObject({ kind: "ScopeRefused" });
    await projects.update(id, { enabled: true });
    await expect
      .poll(
        () =>
          cloud
            .project(id)
            .barbican.ping()
            .then(() => "works"),
        { timeout: 20_000 },
      )
      .toBe("works");
  });

  test("a wrong password is Unauthorized, and stands in no error", async () => {
    const settings = operatorSettings();
    const cloud = createCloudClients({
      ...settings,
      credentials: { ...settings.credentials, password: "not-it-4711" },
    });
    opened.push(cloud);
    const error: unknown = await cloud
      .keystone()
      .ping()
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ kind: "Unauthorized", status: 401 });
    expect(String(error)).not.toContain("not-it-4711");
  });
});

test("the global request id stands in an error, and the observer hears of the route, not of ids", async () => {
  const { cloud, seen } = freshClients();
  const requestId = "req-11111111-2222-4333-8444-555555555555";
  const { projects } = cloud.keystone({ requestId });
  await expect(projects.update("missing", {})).rejects.toMatchObject({ requestId, kind: "NotFound" });
  expect(seen.at(-1)).toMatchObject({ service: "keystone", method: "PATCH", route: "/v3/projects/{id}", status: 404 });
});

test("an aborted call throws its reason and leaves the login to the others", async () => {
  const { cloud } = freshClients();
  const controller = new AbortController();
  const given = cloud.keystone({ signal: controller.signal }).ping();
  const kept = cloud.keystone().ping();
  controller.abort(new Error("no longer wanted"));
  await expect(given).rejects.toThrow("no longer wanted");
  await kept;
});

test("the cache gives the same clients for the same settings", () => {
  const cache = createCloudClientsCache();
  const settings = operatorSettings();
  const clients = cache.get(settings);
  opened.push(clients);
  expect(cache.get({ ...settings })).toBe(clients);
  const other = cache.get({ ...settings, credentials: { ...settings.credentials, password: "changed" } });
  opened.push(other);
  expect(other).not.toBe(clients);
});

test("clients that made room for others go on working for who still has them", async () => {
  const cache = createCloudClientsCache();
  const settings = operatorSettings();
  const first = cache.get(settings);
  await first.keystone().ping();
  // More than are kept.
  for (let other = 1; other <= 20; other += 1) opened.push(cache.get({ ...settings, region: `region-${other}` }));
  const again = cache.get(settings);
  opened.push(again);
  expect(again).not.toBe(first);
  await first.keystone().ping();
  // As it was when they were closed for it.
  await first.close();
  await expect(first.keystone().ping()).rejects.toThrow("keystone: GET");
});
