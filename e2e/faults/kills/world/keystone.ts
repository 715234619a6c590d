import type { AdminSession } from "#e2e/cluster/openstack/admin-session.ts";
import type { Thing, Told } from "./world.ts";

interface Assignment {
  readonly role: { readonly id: string };
  readonly user?: { readonly id: string };
  readonly group?: { readonly id: string };
}

/** All of one domain, and the ids of its projects. */
export async function keystoneTold(
  admin: AdminSession,
  domainId: string,
): Promise<Told & { readonly projectIds: readonly string[] }> {
  const of = `domain_id=${domainId}`;
  const [projects, users, groups, roles, operators] = await Promise.all([
    admin.list(`/projects?${of}`, "projects"),
    admin.list(`/users?${of}`, "users"),
    admin.list(`/groups?${of}`, "groups"),
    admin.list("/roles", "roles"),
    admin.list("/users?name=nephele", "users"),
  ]);
  const ids = new Map<string, string>([[domainId, "<the domain>"]]);
  const name = (kind: string, list: readonly { readonly id: string }[]): void => {
    for (const each of list) ids.set(each.id, `<${kind} ${String((each as { readonly name?: unknown }).name)}>`);
  };
  name("project", projects);
  name("user", [...users, ...operators]);
  name("group", groups);
  name("role", roles);

  const things: Thing[] = [];
  for (const [kind, list] of [
    ["project", projects],
    ["user", users],
    ["group", groups],
  ] as const) {
    for (const { id: _id, links: _links, ...is } of list)
      things.push({ what: `Keystone ${kind}`, name: String(is["name"]), is });
  }
  const assigning = projects.map(async ({ id }) => {
    const assignments = await admin.list(`/role_assignments?scope.project.id=${id}`, "role_assignments");
    for (const { role, user, group } of assignments as unknown as readonly Assignment[]) {
      const who = user?.id ?? group?.id ?? "";
      things.push({ what: "Keystone role assignment", name: `${who} ${role.id} ${id}`, is: {} });
    }
  });
  const issuing = users.map(async ({ id }) => {
    const credentials = await admin.list(`/users/${id}/application_credentials`, "application_credentials");
    for (const { id: credential, links: _links, ...is } of credentials) {
      ids.set(credential, `<application credential ${String(is["name"])}>`);
      things.push({ what: "Keystone application credential", name: `${String(is["name"])} of ${id}`, is });
    }
  });
  await Promise.all([...assigning, ...issuing]);
  return { things, ids, projectIds: projects.map(({ id }) => id) };
}
