import { unique } from "#e2e/harness/bed.ts";
import { untilGone, untilReady } from "#e2e/harness/conditions.ts";
import type { CloudSpec } from "#operator/api/generated/cloud.ts";
import { clouds, projects } from "#operator/api/resources.ts";
import { at, type CloudBed, MINUTES } from "./cloud-bed.ts";
import { openTenantRequests, type TenantRequests } from "./tenant-requests.ts";

/** A Cloud of a test's own beside the chart's, and a tenant of it who asks. */
export interface OwnCloud {
  readonly tenant: TenantRequests;
  /** The tenant's Project. */
  readonly project: string;
  /** Deletes both, and waits until they are gone. */
  close(): Promise<void>;
}

/** Makes a Cloud whose services are deployed, with a database of its own, and a Project in it; waits until both are Ready. */
export async function openOwnCloud(
  { kube, node }: CloudBed,
  name: string,
  { instances, ...spec }: Partial<CloudSpec> & { readonly instances: 1 | 3 },
): Promise<OwnCloud> {
  const project = unique("team");
  const database = { bundled: { instances, storage: "1Gi" } };
  const deployed = { identity: {}, keyManager: {}, database, protected: false, onDelete: "Delete" };
  const remove = async (): Promise<void> => {
    await kube.delete(projects, { name: project });
    // With it go all the secrets that were stored meanwhile, which may be thousands.
    await untilGone(kube, projects, { name: project }, 5 * MINUTES);
    await kube.delete(clouds, at(name));
    await untilGone(kube, clouds, at(name), 3 * MINUTES);
  };
  try {
    await kube.create(clouds, {
      apiVersion: "nephele.dev/v1alpha1",
      kind: "Cloud",
      metadata: at(name),
      spec: { ...deployed, ...spec },
    });
    await untilReady(kube, clouds, at(name), 4 * MINUTES);
    await kube.create(projects, {
      apiVersion: "nephele.dev/v1alpha1",
      kind: "Project",
      metadata: { name: project },
      spec: { domain: "Default", cloudRef: at(name), protected: false, onDelete: "Delete" },
    });
    await untilReady(kube, projects, { name: project }, MINUTES);
    const tenant = await openTenantRequests(node, name, project);
    return {
      tenant,
      project,
      close: async () => {
        tenant.close();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
