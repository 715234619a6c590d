import { randomBytes } from "node:crypto";
import { adminLogin } from "./admin-session.ts";
import type { OpenStackHandle } from "./handle.ts";

/** A Keystone domain of one test file, with people in it. */
export interface TestDomain {
  readonly id: string;
  readonly name: string;
  /** Makes a user with a random password. */
  createUser(name: string): Promise<{ readonly id: string; readonly name: string; readonly password: string }>;
  createGroup(name: string, userIds?: readonly string[]): Promise<{ readonly id: string; readonly name: string }>;
  /** Removes the domain with its users, groups and projects. */
  remove(): Promise<void>;
}

/** Makes a domain as the administrator, `<prefix>-<random>`; the operator itself makes none. */
export async function createTestDomain(handle: OpenStackHandle, prefix: string): Promise<TestDomain> {
  const admin = await adminLogin(handle.identityUrl, handle.adminPasswordFile, "system");
  const name = `${prefix}-${randomBytes(4).toString("hex")}`;
  const { id } = await admin.create("/domains", "domain", { name });
  return {
    id,
    name,
    createUser: async (user) => {
      const password = randomBytes(16).toString("hex");
      const made = await admin.create("/users", "user", { name: user, domain_id: id, password });
      return { id: made.id, name: user, password };
    },
    createGroup: async (group, userIds = []) => {
      const made = await admin.create("/groups", "group", { name: group, domain_id: id });
      for (const userId of userIds) await admin.send("PUT", `/groups/${made.id}/users/${userId}`);
      return { id: made.id, name: group };
    },
    remove: async () => {
      // Keystone deletes no domain that is enabled.
      await admin.send("PATCH", `/domains/${id}`, { domain: { enabled: false } });
      await admin.send("DELETE", `/domains/${id}`);
    },
  };
}
