import { type AdminSession, adminLogin } from "./admin-session.ts";
import { keyManagerUrl } from "./barbican.ts";
import type { OpenStackContext } from "./context.ts";
import { identityUrl, region } from "./keystone.ts";
import { type Account, passwordFile, readPassword } from "./passwords.ts";

/**
 * Makes what an installation has besides Keystone's own bootstrap: Barbican's user and catalog entry, and the operator's
 * user: an administrator of the system and of the project `service`, in no other. A repeat changes nothing.
 */
export async function ensureAccounts(context: OpenStackContext): Promise<void> {
  const admin = await adminLogin(identityUrl(context), passwordFile(context, "admin"), "system");
  const project =
    (await admin.findFirst("/projects?name=service&domain_id=default", "projects")) ??
    (await admin.create("/projects", "project", { name: "service", domain_id: "default" }));
  const barbican = await ensureUser(context, admin, "barbican");
  const operator = await ensureUser(context, admin, "nephele");
  for (const role of ["admin", "service"]) {
    await admin.send("PUT", `/projects/${project.id}/users/${barbican}/roles/${await ensureRole(admin, role)}`);
  }
  const administrator = await ensureRole(admin, "admin");
  await admin.send("PUT", `/system/users/${operator}/roles/${administrator}`);
  // Barbican takes quotas from an administrator of any one project, and from no system-scoped token.
  await admin.send("PUT", `/projects/${project.id}/users/${operator}/roles/${administrator}`);
  await ensureCatalogEntry(admin, context);
}

async function ensureUser(context: OpenStackContext, admin: AdminSession, name: Account): Promise<string> {
  const password = readPassword(context, name);
  const user =
    (await admin.findFirst(`/users?name=${name}&domain_id=default`, "users")) ??
    (await admin.create("/users", "user", { name, domain_id: "default", password }));
  return user.id;
}

async function ensureRole(admin: AdminSession, name: string): Promise<string> {
  const role =
    (await admin.findFirst(`/roles?name=${name}`, "roles")) ?? (await admin.create("/roles", "role", { name }));
  return role.id;
}

async function ensureCatalogEntry(admin: AdminSession, context: OpenStackContext): Promise<void> {
  const service =
    (await admin.findFirst("/services?type=key-manager", "services")) ??
    (await admin.create("/services", "service", { name: "barbican", type: "key-manager" }));
  for (const kind of ["public", "internal"]) {
    const found = await admin.findFirst(`/endpoints?service_id=${service.id}&interface=${kind}`, "endpoints");
    const endpoint = { service_id: service.id, interface: kind, region_id: region, url: keyManagerUrl(context) };
    if (found === undefined) await admin.create("/endpoints", "endpoint", endpoint);
  }
}
