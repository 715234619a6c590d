import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { unique } from "#e2e/harness/bed.ts";
import { untilCondition, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { coreSecrets, namespaces, roleBindings } from "#operator/api/foreign.ts";
import { projects } from "#operator/api/resources.ts";
import { openProjectBed, type ProjectBed } from "./project-bed.ts";
import { idOf, looksOf, projectName } from "./project-looks.ts";

let bed: ProjectBed;
beforeAll(async () => {
  bed = await openProjectBed();
});
afterAll(() => bed?.close());

const { keystone, cloudsOf, login, rolesOf, makeNamespace, untilWaitsFor } = looksOf(() => bed);

/** What a Project does about things that others make, change and delete. */
describe("project", () => {
  test("import/adopt: an adopted project is taken with its name, and left as it was", async () => {
    const project = projectName();
    const made = await keystone().projects.create({
      name: `${project}-old`,
      domainId: bed.domain.id,
      tags: ["theirs"],
    });
    const ready = await bed.ready(project, { adopt: { id: made.id } });
    expect(idOf(ready)).toBe(made.id);
    expect(await keystone().projects.get(made.id)).toMatchObject({
      name: `${project}-old`,
      tags: expect.arrayContaining(["theirs", `nephele:local:${project}`]) as string[],
    });
    await bed.remove(project);
    expect(await keystone().projects.get(made.id)).toMatchObject({ name: `${project}-old`, tags: ["theirs"] });
  });

  test("import/adopt: a project of another Project is refused", async () => {
    const [one, two] = [await bed.ready(projectName()), projectName()];
    await bed.apply(two, { adopt: { id: idOf(one) } });
    const stalled = await untilCondition(bed.kube, projects, { name: two }, { type: "Stalled", status: "True" });
    expect(JSON.stringify(stalled.status?.conditions)).toContain(`belongs to Project ${one.metadata.name}`);
  });

  test("import/adopt: a domain, which Keystone has under /projects too, is refused", async () => {
    const project = projectName();
    await bed.apply(project, { adopt: { id: bed.domain.id } });
    const message = /spec.adopt.id: .* is the domain .* and no project/;
    const stalled = { type: "Stalled", status: "True", reason: "InvalidConfiguration", message };
    await untilCondition(bed.kube, projects, { name: project }, stalled);
  });

  test("import/adopt: a project that we made and lost the record of is found again", async () => {
    const project = projectName();
    const made = await keystone().projects.create({
      name: project,
      domainId: bed.domain.id,
      tags: [`nephele:local:${project}`],
    });
    expect(idOf(await bed.ready(project))).toBe(made.id);
  });

  test("import/adopt: a namespace that consents is taken, and stays when the Project goes", async () => {
    const project = projectName();
    await makeNamespace(project, { "nephele.dev/project": project });
    expect((await bed.ready(project)).status?.namespaceOrigin).toBe("Taken");
    await bed.remove(project);
    const left = await bed.kube.get(namespaces, { name: project });
    expect(left?.metadata.deletionTimestamp).toBeUndefined();
    expect(left?.metadata.labels).not.toHaveProperty("nephele.dev/project");
    expect(await bed.kube.list(roleBindings, { namespace: project })).toEqual([]);
    expect(await cloudsOf(project)).toBeUndefined();
    await bed.kube.delete(namespaces, { name: project });
  });

  test("dependency missing: a member that Keystone does not have is waited for by name, the rest goes on", async () => {
    const [project, user] = [projectName(), unique("late")];
    await bed.apply(project, { members: [{ user, domain: bed.domain.name, role: "member" }] });
    const waiting = await untilWaitsFor(
      project,
      new RegExp(`Waiting for Keystone user ${user} in domain ${bed.domain.name}`),
    );
    expect(await login(await cloudsOf(project))).toContain("member");
    expect(waiting.status?.members).toMatchObject([{ name: user, resolved: false }]);
    const made = await bed.domain.createUser(user);
    await bed.compare(project);
    const ready = await untilReady(bed.kube, projects, { name: project });
    expect(await rolesOf(idOf(ready), made.id)).toEqual(["member"]);
  });

  test("dependency missing: a domain and a Cloud are waited for by name", async () => {
    const [one, two] = [projectName(), projectName()];
    await bed.apply(one, { domain: "no-such-domain" });
    await bed.apply(two, { cloudRef: { namespace: "nephele-system", name: "no-such-cloud" } });
    await untilWaitsFor(one, /Waiting for Keystone domain no-such-domain/);
    await untilWaitsFor(two, /Waiting for Cloud nephele-system\/no-such-cloud/);
  });

  test("dependency deleted: a member who was deleted and made again gets the role again", async () => {
    const [project, user] = [projectName(), unique("dev")];
    const first = await bed.domain.createUser(user);
    const ready = await bed.ready(project, { members: [{ user, domain: bed.domain.name, role: "member" }] });
    await keystone().users.delete(first.id);
    await bed.compare(project);
    await untilWaitsFor(project, new RegExp(`Keystone user ${user}`));
    const second = await bed.domain.createUser(user);
    await bed.compare(project);
    await untilReady(bed.kube, projects, { name: project });
    expect(await rolesOf(idOf(ready), second.id)).toEqual(["member"]);
  });

  test("conflict: a project of that name is not taken, and the message says how to", async () => {
    const project = projectName();
    const made = await keystone().projects.create({ name: project, domainId: bed.domain.id, tags: [] });
    await bed.apply(project);
    await untilCondition(
      bed.kube,
      projects,
      { name: project },
      {
        type: "Stalled",
        status: "True",
        reason: "InvalidConfiguration",
        message: new RegExp(`spec.adopt.id: ${made.id}`),
      },
    );
    expect(await keystone().projects.get(made.id)).toMatchObject({ tags: [] });
  });

  test("conflict: a namespace that we made and whose owner gives it to another Project is that one's alone", async () => {
    const [first, second] = [projectName(), projectName()];
    await bed.ready(first);
    await bed.kube.mergePatch(
      namespaces,
      { name: first },
      { metadata: { annotations: { "nephele.dev/project": second } } },
    );
    const stalled = { type: "Stalled", status: "True", message: new RegExp(`belongs to the Project ${second}`) };
    const foreign = await untilCondition(bed.kube, projects, { name: first }, stalled);
    expect(foreign.status?.namespace).toBeUndefined();
    expect((await bed.ready(second, { namespace: first })).status).toMatchObject({
      namespace: first,
      namespaceOrigin: "Taken",
    });
    await bed.remove(first);
    const left = await bed.kube.get(namespaces, { name: first });
    expect(left?.metadata.deletionTimestamp).toBeUndefined();
    expect(left?.metadata.labels).toMatchObject({ "nephele.dev/project": second });
    await untilReady(bed.kube, projects, { name: second });
    await bed.remove(second);
    await bed.kube.delete(namespaces, { name: first });
  });

  test("conflict: a namespace that does not consent is left alone until it does", async () => {
    const project = projectName();
    await makeNamespace(project);
    await bed.apply(project);
    const expected = { type: "Stalled", status: "True", message: /spec.namespace: .*kubectl annotate namespace/ };
    await untilCondition(bed.kube, projects, { name: project }, expected);
    expect(await bed.kube.list(roleBindings, { namespace: project })).toEqual([]);
    await bed.kube.mergePatch(
      namespaces,
      { name: project },
      { metadata: { annotations: { "nephele.dev/project": project } } },
    );
    await untilReady(bed.kube, projects, { name: project });
    await bed.remove(project);
    await bed.kube.delete(namespaces, { name: project });
  });

  test("conflict: a right that somebody adds to our RoleBinding is taken away", async () => {
    const project = projectName();
    await bed.ready(project);
    const key = { namespace: project, name: "nephele:project-operator" };
    const intruder = { kind: "ServiceAccount", name: "default", namespace: project };
    const before = await bed.kube.get(roleBindings, key);
    await bed.kube.mergePatch(roleBindings, key, { subjects: [...(before?.subjects ?? []), intruder] });
    await eventually(
      "the subject to be gone",
      async () => (await bed.kube.get(roleBindings, key))?.subjects?.length === 1,
    );
  });

  test("external deletion: a Keystone project that somebody deleted is made again", async () => {
    const project = projectName();
    const before = await bed.ready(project);
    await keystone().projects.delete(idOf(before));
    await bed.compare(project);
    const after = await eventually("another Keystone project", async () => {
      const seen = await bed.kube.get(projects, { name: project });
      return seen !== undefined && idOf(seen) !== idOf(before) && seen.status?.credentials?.generation === 2 && seen;
    });
    expect(await login(await cloudsOf(project))).toContain("member");
    expect(await keystone().projects.get(idOf(after))).toMatchObject({ name: project });
    expect(await bed.events(project)).toContain("ProjectRecreated");
  });

  test("external deletion: an adopted Keystone project is not made again", async () => {
    const project = projectName();
    const made = await keystone().projects.create({ name: project, domainId: bed.domain.id, tags: [] });
    await bed.ready(project, { adopt: { id: made.id } });
    await keystone().projects.delete(made.id);
    await bed.compare(project);
    const expected = { type: "Stalled", status: "True", reason: "UnrecoverableError" };
    await untilCondition(bed.kube, projects, { name: project }, expected);
  });

  test("external deletion: the core Secret, the robot and the project's fields come back", async () => {
    const project = projectName();
    const before = await bed.ready(project);
    await bed.kube.delete(coreSecrets, { namespace: project, name: "clouds" });
    await eventually("a new core Secret", async () => (await cloudsOf(project)) !== undefined);
    await keystone().projects.update(idOf(before), { enabled: false, name: unique("renamed") });
    await bed.compare(project);
    await eventually("the fields to be corrected", async () => {
      const found = await keystone().projects.get(idOf(before));
      return found?.enabled === true && found.name === project;
    });
    const robot = (await bed.kube.get(projects, { name: project }))?.status?.credentials;
    await keystone().users.delete(robot?.userID ?? "");
    await bed.compare(project);
    await eventually("another generation", async () => {
      const seen = await bed.kube.get(projects, { name: project });
      return (seen?.status?.credentials?.generation ?? 0) > (robot?.generation ?? 0);
    });
    expect(await login(await cloudsOf(project))).toContain("member");
  });

  test("external deletion: a namespace of ours is made again with all in it", async () => {
    const project = projectName();
    await bed.ready(project);
    const before = await bed.kube.get(namespaces, { name: project });
    await bed.kube.delete(namespaces, { name: project });
    await eventually("another namespace with its core Secret", async () => {
      const seen = await bed.kube.get(namespaces, { name: project });
      return (
        seen !== undefined && seen.metadata.uid !== before?.metadata.uid && (await cloudsOf(project)) !== undefined
      );
    });
    await untilReady(bed.kube, projects, { name: project });
    expect(await bed.events(project)).toContain("NamespaceRecreated");
  });
});
