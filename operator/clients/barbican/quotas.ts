import type { Api } from "../api.ts";
import { defined, objectIn, optionalNumberIn } from "../shape.ts";

/** How many of each a project may have: absent means the service's default, -1 no limit. */
export interface Quota {
  readonly secrets?: number;
  readonly orders?: number;
  readonly containers?: number;
  readonly consumers?: number;
  readonly cas?: number;
}

/** Quotas of any project. Barbican wants a token with the role admin, scoped to a project: which one does not matter. */
export interface ProjectQuotas {
  /** Undefined where none was set. */
  get(projectId: string): Promise<Quota | undefined>;
  /** Replaces all: what is absent goes back to the default. Barbican does not ask whether the project exists. */
  put(projectId: string, quota: Quota): Promise<void>;
  delete(projectId: string): Promise<void>;
}

const route = "/v1/project-quotas/{projectId}";

export function createProjectQuotas(api: Api): ProjectQuotas {
  return {
    get: (projectId) =>
      api.find({ method: "GET", route, params: { projectId } }, (json) => {
        const quota = objectIn(json, "project_quotas");
        return defined({
          secrets: optionalNumberIn(quota, "secrets"),
          orders: optionalNumberIn(quota, "orders"),
          containers: optionalNumberIn(quota, "containers"),
          consumers: optionalNumberIn(quota, "consumers"),
          cas: optionalNumberIn(quota, "cas"),
        });
      }),
    put: async (projectId, quota) => {
      await api.send({ method: "PUT", route, params: { projectId }, json: { project_quotas: quota } });
    },
    delete: (projectId) => api.remove({ method: "DELETE", route, params: { projectId } }),
  };
}
