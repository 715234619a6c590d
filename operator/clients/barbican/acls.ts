import type { Api } from "../api.ts";
import { booleanIn, objectIn, textsIn } from "../shape.ts";

/** Who may read a secret, besides its creator. */
export interface ReadAccess {
  /** Whether the members of its project may. */
  readonly projectAccess: boolean;
  /** Ids of users of any project. Barbican takes ids of users that do not exist. */
  readonly users: readonly string[];
}

export interface Acls {
  /** Undefined where the secret is not there; a secret without an ACL gives the default (the project, nobody else). */
  get(secretId: string): Promise<ReadAccess | undefined>;
  /** Replaces all. Throws NotFound. */
  put(secretId: string, access: ReadAccess): Promise<void>;
}

const route = "/v1/secrets/{secretId}/acl";

export function createAcls(api: Api): Acls {
  return {
    get: (secretId) =>
      api.find({ method: "GET", route, params: { secretId } }, (json) => {
        const read = objectIn(json, "read");
        return { projectAccess: booleanIn(read, "project-access"), users: textsIn(read, "users") };
      }),
    put: async (secretId, { projectAccess, users }) => {
      const json = { read: { "project-access": projectAccess, users } };
      await api.send({ method: "PUT", route, params: { secretId }, json });
    },
  };
}
