import type { Api } from "../api.ts";
import { defined, listIn, objectIn, optionalTextIn, textIn } from "../shape.ts";

export interface ApplicationCredential {
  readonly id: string;
  readonly name: string;
  readonly projectId: string;
  readonly expiresAt?: string;
}

/** A new application credential; its secret is told this once. */
export interface CreatedApplicationCredential extends ApplicationCredential {
  readonly secret: string;
}

export interface NewApplicationCredential {
  readonly name: string;
  /** Names of roles, of those that the token has. */
  readonly roles: readonly string[];
  /** RFC 3339; never, where absent. */
  readonly expiresAt?: string;
  readonly description?: string;
}

/** What an administrator may do with the application credentials of others. */
export interface ApplicationCredentials {
  list(userId: string): Promise<readonly ApplicationCredential[]>;
  delete(userId: string, id: string): Promise<void>;
}

const all = "/v3/users/{userId}/application_credentials";

export function createApplicationCredentials(api: Api): ApplicationCredentials {
  return {
    list: async (userId) => {
      const request = { method: "GET", route: all, params: { userId } } as const;
      const parse = (json: unknown) => listIn(json, "application_credentials").map(parseCredential);
      // A user that is gone has none.
      return (await api.find(request, parse)) ?? [];
    },
    delete: (userId, id) => api.remove({ method: "DELETE", route: `${all}/{id}`, params: { userId, id } }),
  };
}

/**
 * Makes an application credential of the user and project of the Api's token. Only the user itself may (an administrator
 * gets Forbidden). Restricted: with it nobody can make further ones. Throws Conflict when the user has one of that name.
 */
export async function createApplicationCredential(
  api: Api,
  userId: string,
  { name, roles, expiresAt, description }: NewApplicationCredential,
): Promise<CreatedApplicationCredential> {
  const wanted = {
    ...defined({ name, description, expires_at: expiresAt?.replace(/Z$/, "") }),
    roles: roles.map((role) => ({ name: role })),
    unrestricted: false,
  };
  const request = { method: "POST", route: all, params: { userId }, json: { application_credential: wanted } } as const;
  return api.read(request, (json) => {
    const made = objectIn(json, "application_credential");
    return { ...parseCredential(made), secret: textIn(made, "secret") };
  });
}

function parseCredential(json: unknown): ApplicationCredential {
  const expiresAt = optionalTextIn(json, "expires_at");
  return {
    id: textIn(json, "id"),
    name: textIn(json, "name"),
    projectId: textIn(json, "project_id"),
    // Keystone leaves out the zone; it is UTC.
    ...(expiresAt === undefined ? {} : { expiresAt: expiresAt.endsWith("Z") ? expiresAt : `${expiresAt}Z` }),
  };
}
