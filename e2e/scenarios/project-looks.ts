import { unique } from "#e2e/harness/bed.ts";
import { untilCondition } from "#e2e/harness/conditions.ts";
import { type CoreSecret, coreSecrets, namespaces } from "#operator/api/foreign.ts";
import type { Project } from "#operator/api/generated/project.ts";
import { projects } from "#operator/api/resources.ts";
import type { CloudClients } from "#operator/clients/cloud-access.ts";
import type { ProjectBed } from "./project-bed.ts";

export const projectName = (): string => unique("project");

export const idOf = (project: Project): string => project.status?.id ?? "";

export function textOf(secret: CoreSecret | undefined, key: string): string {
  return Buffer.from(secret?.data?.[key] ?? "", "base64").toString("utf8");
}

/** What the tests of Projects look at; `bed` gives the bed once it is open. */
export function looksOf(bed: () => ProjectBed) {
  const keystone = (): ReturnType<CloudClients["keystone"]> => bed().cloud.keystone();
  return {
    keystone,
    cloudsOf: (namespace: string): Promise<CoreSecret | undefined> =>
      bed().kube.get(coreSecrets, { namespace, name: "clouds" }),
    /** The roles that the login of a core Secret `clouds` has; fails where Keystone refuses it. */
    login: async (secret: CoreSecret | undefined): Promise<readonly string[]> => {
      const id = textOf(secret, "application-credential-id");
      const given = { id, secret: textOf(secret, "application-credential-secret") };
      return (await bed().cloud.credentialLogin(given)).roles;
    },
    rolesOf: async (projectId: string, userId: string): Promise<readonly string[]> => {
      const names = ["reader", "member", "manager"];
      const ids = await Promise.all(names.map(async (role) => (await keystone().roles.findByName(role))?.id));
      const given = await keystone().assignments.listForProject(projectId);
      return names.filter((_, at) => given.some(({ actor, roleId }) => actor.id === userId && roleId === ids[at]));
    },
    makeNamespace: async (name: string, annotations: Readonly<Record<string, string>> = {}): Promise<void> => {
      const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name, annotations } };
      await bed().kube.create(namespaces, namespace);
    },
    untilWaitsFor: (name: string, message: RegExp): Promise<Project> =>
      untilCondition(bed().kube, projects, { name }, { type: "Ready", status: "False", message }),
  };
}
