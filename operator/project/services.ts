import type { KeystoneProject, KeystoneProjectChanges, NewKeystoneProject } from "./decide/keystone-project.ts";

/** A role given directly on a project. */
export interface Assignment {
  readonly roleId: string;
  readonly actor: { readonly kind: "user" | "group"; readonly id: string };
}

interface Named {
  readonly id: string;
}

/** What a Project asks of Keystone with a system-scoped token: the part of the client that it uses. */
export interface ProjectKeystone {
  readonly domains: { findByName(name: string): Promise<Named | undefined> };
  readonly projects: {
    get(id: string): Promise<KeystoneProject | undefined>;
    findByName(domainId: string, name: string): Promise<KeystoneProject | undefined>;
    listByTag(tag: string): Promise<readonly KeystoneProject[]>;
    create(project: NewKeystoneProject): Promise<KeystoneProject>;
    update(id: string, changes: KeystoneProjectChanges): Promise<KeystoneProject>;
    delete(id: string): Promise<void>;
  };
  readonly users: {
    findByName(domainId: string, name: string): Promise<Named | undefined>;
    listByPrefix(domainId: string, prefix: string): Promise<readonly RobotUser[]>;
    create(user: {
      readonly name: string;
      readonly domainId: string;
      readonly password: string;
      readonly description: string;
    }): Promise<RobotUser>;
    delete(id: string): Promise<void>;
  };
  readonly groups: { findByName(domainId: string, name: string): Promise<Named | undefined> };
  readonly roles: { findByName(name: string): Promise<Named | undefined> };
  readonly assignments: {
    listForProject(projectId: string): Promise<readonly Assignment[]>;
    assign(assignment: Assignment & { readonly projectId: string }): Promise<void>;
    unassign(assignment: Assignment & { readonly projectId: string }): Promise<void>;
  };
  readonly applicationCredentials: { list(userId: string): Promise<readonly Named[]> };
  whoAmI(): Promise<{ readonly userId: string }>;
}

export interface RobotUser {
  readonly id: string;
  readonly name: string;
  readonly description: string;
}
