import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { operatorSettings } from "#e2e/clients/operator-clients.ts";
import { unique } from "#e2e/harness/bed.ts";
import { untilCondition, untilGone } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import {
  coreSecrets,
  namespaces,
  networkPolicies,
  pods,
  resourceQuotas,
  roleBindings,
  virtualMachines,
} from "#operator/api/foreign.ts";
import type { Project } from "#operator/api/generated/project.ts";
import { projects, secrets, servers } from "#operator/api/resources.ts";
import { createCloudClients } from "#operator/clients/cloud-clients.ts";
import { openProjectBed, type ProjectBed } from "./project-bed.ts";
import { idOf, looksOf, projectName, textOf } from "./project-looks.ts";

let bed: ProjectBed;
beforeAll(async () => {
  bed = await openProjectBed();
});
afterAll(() => bed?.close());

const { keystone, cloudsOf, login, rolesOf, untilWaitsFor } = looksOf(() => bed);

/** A Project's life: made, changed, paused, disabled, gone. */
describe("project", () => {
  test("create-minimal: a namespace, a Keystone project, and clouds.yaml that works", async () => {
    const project = projectName();
    const ready = await bed.ready(project);
    expect(ready.status).toMatchObject({ namespace: project, namespaceOrigin: "Made", credentials: { generation: 1 } });
    expect(await keystone().projects.get(idOf(ready))).toMatchObject({
      name: project,
      domainId: bed.domain.id,
      enabled: true,
      tags: [`nephele:local:${project}`],
    });
    const secret = await cloudsOf(project);
    expect(await login(secret)).toContain("member");
    const file = parse(textOf(secret, "clouds.yaml")) as { readonly clouds: Readonly<Record<string, unknown>> };
    expect(Object.keys(file.clouds)).toEqual([project, `${project}-internal`]);
    const labels = (await bed.kube.get(namespaces, { name: project }))?.metadata.labels;
    expect(labels).toMatchObject({ "nephele.dev/project": project, "pod-security.kubernetes.io/enforce": "baseline" });
  });

  test("create-full: members, rights, quota, isolation and roles in both worlds", async () => {
    const [project, user] = [projectName(), await bed.domain.createUser(unique("dev"))];
    const group = await bed.domain.createGroup(unique("ops"));
    const ready = await bed.ready(project, {
      name: `${project} full`,
      description: "of a test",
      workloads: true,
      quota: { servers: 2, cores: 4, memory: "8Gi", storage: "1Ti", secrets: 7 },
      credentials: { rotateEvery: "100h", role: "reader" },
      members: [
        { user: user.name, domain: bed.domain.name, role: "manager", kubernetes: { kind: "User", name: "dev@corp" } },
        { group: group.name, domain: bed.domain.name, role: "reader", kubernetes: { kind: "Group", name: "corp:ops" } },
      ],
    });
    expect(await keystone().projects.get(idOf(ready))).toMatchObject({
      name: `${project} full`,
      description: "of a test",
    });
    expect(await rolesOf(idOf(ready), user.id)).toEqual(["manager"]);
    expect(await rolesOf(idOf(ready), group.id)).toEqual(["reader"]);
    expect(await bed.cloud.quotas().get(idOf(ready))).toMatchObject({ secrets: 7 });
    expect(await login(await cloudsOf(project))).toEqual(["reader"]);
    const bindings = await bed.kube.list(roleBindings, { namespace: project });
    expect(bindings.map(({ metadata }) => metadata.name).toSorted()).toEqual([
      "nephele:project-manager",
      "nephele:project-operator",
      "nephele:project-reader",
      "nephele:project-workloads",
    ]);
    expect(await bed.kube.get(resourceQuotas, { namespace: project, name: "nephele" })).toMatchObject({
      spec: { hard: { pods: "56" } },
    });
    const policies = (await bed.kube.list(networkPolicies, { namespace: project })).map(
      ({ metadata }) => metadata.name,
    );
    expect(policies.toSorted()).toEqual([
      "nephele-clones-in",
      "nephele-clones-out",
      "nephele-importers",
      "nephele-isolation",
    ]);
  });

  test("create-full: what a member may do in the namespace, and what not", async () => {
    const project = projectName();
    await bed.apply(project, {
      members: [{ user: "nobody-yet", domain: "Default", role: "member", kubernetes: { kind: "User", name: project } }],
    });
    const member = await bed.as(project, ["system:authenticated"]);
    await eventually("the member to have its rights", () =>
      member.list(servers, { namespace: project }).then(() => true),
    );
    await expect(member.list(coreSecrets, { namespace: project })).rejects.toMatchObject({ reason: "Forbidden" });
    await expect(member.list(pods, { namespace: project })).rejects.toMatchObject({ reason: "Forbidden" });
    await expect(member.list(virtualMachines, { namespace: project })).rejects.toMatchObject({
      reason: "Forbidden",
    });
    await expect(member.list(servers, { namespace: "default" })).rejects.toMatchObject({ reason: "Forbidden" });
  });

  test("update: what the spec changes follows, members who left lose their role, others keep theirs", async () => {
    const [project, one, two, other] = [
      projectName(),
      await bed.domain.createUser(unique("dev")),
      await bed.domain.createUser(unique("dev")),
      await bed.domain.createUser(unique("dev")),
    ];
    const domain = bed.domain.name;
    const quota = { servers: 1, secrets: 3 };
    const before = await bed.ready(project, { quota, members: [{ user: one.name, domain, role: "member" }] });
    const roleId = (await keystone().roles.findByName("reader"))?.id ?? "";
    await keystone().assignments.assign({ projectId: idOf(before), roleId, actor: { kind: "user", id: other.id } });
    const after = await bed.ready(project, {
      description: "new",
      isolation: "Open",
      members: [{ user: two.name, domain, role: "reader" }],
    });
    expect(idOf(after)).toBe(idOf(before));
    expect(await rolesOf(idOf(after), one.id)).toEqual([]);
    expect(await rolesOf(idOf(after), two.id)).toEqual(["reader"]);
    expect(await rolesOf(idOf(after), other.id)).toEqual(["reader"]);
    expect(await keystone().projects.get(idOf(after))).toMatchObject({ description: "new" });
    expect(await bed.cloud.quotas().get(idOf(after))).toBeUndefined();
    expect(await bed.kube.list(resourceQuotas, { namespace: project })).toEqual([]);
    // Importers fetch for whoever writes an Image: they are bounded in any Project.
    const bounded = await bed.kube.list(networkPolicies, { namespace: project });
    expect(bounded.map(({ metadata }) => metadata.name)).toEqual(["nephele-importers"]);
    expect(bounded[0]?.spec?.egress).toHaveLength(2);
    expect(after.status?.credentials?.generation).toBe(1);
  });

  test("update: a role that members are to have anew is given, the old one is taken", async () => {
    const [project, user] = [projectName(), await bed.domain.createUser(unique("dev"))];
    const member = { user: user.name, domain: bed.domain.name };
    await bed.ready(project, { members: [{ ...member, role: "manager" }] });
    const ready = await bed.ready(project, { members: [{ ...member, role: "reader" }] });
    expect(await rolesOf(idOf(ready), user.id)).toEqual(["reader"]);
  });

  test("update: a credential of another role is made at once and the wider one ends", async () => {
    const project = projectName();
    await bed.ready(project);
    const old = await cloudsOf(project);
    await bed.ready(project, { credentials: { rotateEvery: "720h", role: "reader" } });
    expect(await login(await cloudsOf(project))).toEqual(["reader"]);
    await expect(login(old)).rejects.toMatchObject({ kind: "Unauthorized" });
  });

  test("rotation: the next generation comes in time, the last one works through its grace, then it is gone", async () => {
    const project = projectName();
    const first = await bed.ready(project, { credentials: { rotateEvery: "16s", role: "member" } });
    const old = await cloudsOf(project);
    const rotated = await eventually("the next generation", async () => {
      const seen = await bed.kube.get(projects, { name: project });
      return seen?.status?.credentials?.generation === 2 && seen;
    });
    expect(rotated.status?.credentials?.previous?.generation).toBe(1);
    const next = await cloudsOf(project);
    expect(await login(next)).toContain("member");
    expect(await login(old)).toContain("member");
    await eventually("the first robot to be gone", async () => {
      return (await keystone().users.get(first.status?.credentials?.userID ?? "")) === undefined;
    });
    await expect(login(old)).rejects.toMatchObject({ kind: "Unauthorized" });
  });

  test("delete: everything goes, in Kubernetes, Keystone and Barbican", async () => {
    const project = projectName();
    const ready = await bed.ready(project, { quota: { secrets: 5 } });
    const { barbican } = bed.cloud.project(idOf(ready));
    await barbican.secrets.create({ name: "left", secretType: "opaque" });
    await bed.remove(project);
    expect(await bed.kube.get(namespaces, { name: project })).toBeUndefined();
    expect(await keystone().projects.get(idOf(ready))).toBeUndefined();
    expect(await keystone().users.listByPrefix(bed.domain.id, `nephele-local-${project}-`)).toEqual([]);
    expect(await bed.cloud.quotas().get(idOf(ready))).toBeUndefined();
  });

  test("delete: a Secret in the namespace is waited for by name where the namespace stays", async () => {
    const project = projectName();
    await bed.ready(project, { onDelete: "Retain" });
    const key = { namespace: project, name: "held" };
    await bed.kube.create(secrets, {
      apiVersion: "nephele.dev/v1alpha1",
      kind: "Secret",
      metadata: key,
      spec: { type: "passphrase", source: { generate: { length: 32 } }, protected: false },
    });
    await bed.kube.delete(projects, { name: project });
    await untilWaitsFor(project, /Secret held/);
    await bed.kube.delete(secrets, key);
    await untilGone(bed.kube, projects, { name: project });
    await bed.kube.delete(namespaces, { name: project });
  });

  test("retain: the Keystone project goes on with its members, without our tag, role and robots", async () => {
    const [project, user] = [projectName(), await bed.domain.createUser(unique("dev"))];
    const members = [{ user: user.name, domain: bed.domain.name, role: "member" }] as const;
    const ready = await bed.ready(project, { onDelete: "Retain", members });
    await bed.remove(project);
    expect(await keystone().projects.get(idOf(ready))).toMatchObject({ enabled: true, tags: [] });
    expect(await rolesOf(idOf(ready), user.id)).toEqual(["member"]);
    expect(await keystone().assignments.listForProject(idOf(ready))).toHaveLength(1);
    expect((await bed.kube.get(namespaces, { name: project }))?.metadata.deletionTimestamp).toBeUndefined();

    expect(idOf(await bed.ready(project, { adopt: { id: idOf(ready) } }))).toBe(idOf(ready));
    await bed.remove(project);
    await bed.kube.delete(namespaces, { name: project });
  });

  test("paused: nothing is done until the annotation goes", async () => {
    const project = projectName();
    await bed.ready(project);
    const pause = (value: string | null) =>
      bed.kube.mergePatch(projects, { name: project }, { metadata: { annotations: { "nephele.dev/paused": value } } });
    await pause("true");
    await bed.apply(project, { description: "while paused" });
    await untilCondition(
      bed.kube,
      projects,
      { name: project },
      { type: "Reconciling", status: "False", reason: "Paused" },
    );
    const id = idOf((await bed.kube.get(projects, { name: project })) as Project);
    expect(await keystone().projects.get(id)).toMatchObject({ description: "" });
    await pause(null);
    await eventually(
      "the description",
      async () => (await keystone().projects.get(id))?.description === "while paused",
    );
  });

  test("disabled: no tokens, no rights, nothing deleted; and all of it again", async () => {
    const project = projectName();
    const members = [
      { user: "nobody-yet", domain: "Default", role: "member", kubernetes: { kind: "User", name: project } },
    ] as const;
    await bed.apply(project, { members });
    await untilWaitsFor(project, /Keystone user nobody-yet/);
    const secret = await cloudsOf(project);
    await bed.apply(project, { enabled: false, members });
    await untilCondition(
      bed.kube,
      projects,
      { name: project },
      {
        type: "Enabled",
        status: "False",
        reason: "ProjectDisabled",
      },
    );
    await eventually("the credential to be refused", async () => {
      const refused = await login(secret).catch((error: unknown) => error);
      return refused instanceof Error;
    });
    const bindings = await bed.kube.list(roleBindings, { namespace: project });
    expect(bindings.map(({ metadata }) => metadata.name)).toEqual(["nephele:project-operator"]);
    await bed.apply(project, { enabled: true, members });
    await eventually("the credential to work again", () => login(secret));
    await eventually(
      "the rights",
      async () => (await bed.kube.list(roleBindings, { namespace: project })).length === 2,
    );
  });

  test("disabled: Keystone is told at once, whatever the namespace waits for", async () => {
    const project = projectName();
    const ready = await bed.ready(project);
    const held = { namespace: project, name: "held" };
    const metadata = { ...held, finalizers: ["example.org/held"] };
    await bed.kube.create(coreSecrets, { apiVersion: "v1", kind: "Secret", metadata });
    await bed.kube.delete(namespaces, { name: project });
    await untilCondition(bed.kube, projects, { name: project }, { type: "NamespaceReady", status: "False" });
    await bed.apply(project, { enabled: false });
    await eventually(
      "the Keystone project to be disabled",
      async () => (await keystone().projects.get(idOf(ready)))?.enabled === false,
    );
    const told = { type: "Enabled", status: "False", message: /no tokens/ };
    await untilCondition(bed.kube, projects, { name: project }, told);
    expect((await bed.kube.get(namespaces, { name: project }))?.metadata.deletionTimestamp).toBeDefined();
    await bed.kube.mergePatch(coreSecrets, held, { metadata: { finalizers: null } });
  });

  test("disabled: a disabled Project is deleted with what it has in Barbican", async () => {
    const project = projectName();
    const ready = await bed.ready(project);
    await bed.cloud.project(idOf(ready)).barbican.secrets.create({ name: "left", secretType: "opaque" });
    await bed.ready(project, { enabled: false });
    await bed.remove(project);
    expect(await keystone().projects.get(idOf(ready))).toBeUndefined();
  });

  test("delete: one with many secrets says how many are left while they go", async () => {
    const project = projectName();
    const { secrets } = bed.cloud.project(idOf(await bed.ready(project))).barbican;
    const make = async (): Promise<void> => {
      for (let made = 0; made < 40; made += 1) await secrets.create({ name: "one of many", secretType: "opaque" });
    };
    await Promise.all([make(), make(), make(), make()]);
    await bed.kube.delete(projects, { name: project });
    await untilWaitsFor(project, /waiting for 60 secrets of the Keystone project .* to be deleted/);
    await untilGone(bed.kube, projects, { name: project }, 60_000);
  });

  test("disabled: one that cannot be emptied is closed to everybody meanwhile, says why, and can be let go", async () => {
    const [project, user] = [projectName(), await bed.domain.createUser(unique("dev"))];
    const ready = await bed.ready(project, { members: [{ user: user.name, domain: bed.domain.name, role: "member" }] });
    const id = idOf(ready);
    const credentials = { username: user.name, password: user.password, userDomain: bed.domain.name };
    const own = createCloudClients({ ...operatorSettings(), credentials });
    const { barbican } = own.project(id);
    const secret = await barbican.secrets.create({ name: "private", secretType: "opaque" });
    await barbican.acls.put(secret, { projectAccess: false, users: [] });
    await own.close();
    await bed.ready(project, { enabled: false });
    await bed.kube.delete(projects, { name: project });
    await untilWaitsFor(project, new RegExp(`Barbican secrets ${secret} .*private to their owners.*onDelete: Retain`));
    expect(await keystone().projects.get(id)).toMatchObject({ enabled: false });
    const { userId } = await keystone().whoAmI();
    const actors = (await keystone().assignments.listForProject(id)).map(({ actor }) => actor.id);
    expect(actors.filter((actor) => actor !== userId)).toEqual([]);
    await bed.kube.mergePatch(projects, { name: project }, { spec: { onDelete: "Retain" } });
    await bed.compare(project);
    await untilGone(bed.kube, projects, { name: project });
    expect(await keystone().projects.get(id)).toMatchObject({ enabled: false, tags: [] });
  });
});
