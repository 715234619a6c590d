import { readFileSync } from "node:fs";
import { clusterLocation } from "#e2e/cluster/location.ts";
import { systemNamespace } from "#e2e/cluster/nephele-objects.ts";
import { type OpenStackHandle, readOpenStackHandle } from "#e2e/cluster/openstack/handle.ts";
import { createTestDomain, type TestDomain } from "#e2e/cluster/openstack/test-domain.ts";
import { roleBindings, roles } from "#operator/api/foreign.ts";
import {
  type ClientHooks,
  type CloudClients,
  type CloudSettings,
  createCloudClients,
} from "#operator/clients/cloud-clients.ts";
import type { Project } from "#operator/clients/keystone/projects.ts";
import type { KubeObject } from "#runtime/api/object.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";

export const openStack = (): OpenStackHandle => readOpenStackHandle(clusterLocation());

/** The operator's own login to the local cluster's OpenStack. */
export function operatorSettings(): CloudSettings {
  const { identityUrl, keyManagerUrl, region, operator } = openStack();
  const { username, passwordFile, userDomain } = operator;
  const credentials = { username, password: readFileSync(passwordFile, "utf8"), userDomain };
  return { identityUrl, keyManagerUrl, region, credentials };
}

export function operatorClients(hooks: ClientHooks = {}): CloudClients {
  return createCloudClients(operatorSettings(), hooks);
}

/**
 * Lets the operator get a core Secret, as the Role nephele:cloud-secrets does for the local cluster's own. The right goes
 * with that Secret.
 */
export async function letOperatorRead(
  kube: KubeClient,
  { metadata: { name, namespace, uid } }: KubeObject,
): Promise<void> {
  const [apiVersion, group] = ["rbac.authorization.k8s.io/v1", "rbac.authorization.k8s.io"];
  const metadata = {
    name,
    namespace: namespace ?? "",
    ownerReferences: [{ apiVersion: "v1", kind: "Secret", name, uid }],
  };
  const rules = [{ apiGroups: [""], resources: ["secrets"], verbs: ["get"], resourceNames: [name] }];
  const roleRef = { apiGroup: group, kind: "Role", name };
  const subjects = [{ kind: "ServiceAccount", name: "nephele-operator", namespace: systemNamespace }];
  const owner = { fieldOwner: "test", force: true };
  await kube.apply(roles, { apiVersion, kind: "Role", metadata, rules }, owner);
  await kube.apply(roleBindings, { apiVersion, kind: "RoleBinding", metadata, roleRef, subjects }, owner);
}

/** The clients, and a domain of the test file's own; `close` removes the domain with all in it. */
export interface ClientsBed {
  readonly cloud: CloudClients;
  readonly domain: TestDomain;
  /** Makes a project in the domain in which the operator's user is a member. */
  createProject(name: string): Promise<Project>;
  close(): Promise<void>;
}

export async function openClientsBed(prefix: string): Promise<ClientsBed> {
  const cloud = operatorClients();
  const domain = await createTestDomain(openStack(), prefix);
  return {
    cloud,
    domain,
    createProject: async (name) => {
      const keystone = cloud.keystone();
      const project = await keystone.projects.create({ name, domainId: domain.id, tags: [] });
      const { userId } = await keystone.whoAmI();
      const roleId = (await keystone.roles.findByName("member"))?.id ?? "";
      await keystone.assignments.assign({ projectId: project.id, roleId, actor: { kind: "user", id: userId } });
      return project;
    },
    close: async () => {
      await domain.remove();
      await cloud.close();
    },
  };
}
