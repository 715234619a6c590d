import type { Api } from "../api.ts";
import { booleanIn, defined, listIn, objectIn, optionalTextIn, textIn } from "../shape.ts";

export interface User {
  readonly id: string;
  readonly name: string;
  readonly domainId: string;
  readonly enabled: boolean;
  readonly description: string;
}

export interface NewUser {
  readonly name: string;
  readonly domainId: string;
  readonly password: string;
  readonly description?: string;
  readonly enabled?: boolean;
}

/** Fields that are absent stay as they are. A new password ends all tokens and none of the application credentials. */
export interface UserChange {
  readonly enabled?: boolean;
  readonly password?: string;
  readonly description?: string;
}

export interface Users {
  /** Throws Conflict when the domain has a user of that name. */
  create(user: NewUser): Promise<User>;
  get(id: string): Promise<User | undefined>;
  findByName(domainId: string, name: string): Promise<User | undefined>;
  /** All users of a domain whose names begin so. */
  listByPrefix(domainId: string, prefix: string): Promise<readonly User[]>;
  /** Throws NotFound when it is gone. */
  update(id: string, change: UserChange): Promise<User>;
  /** Deletes a user with its application credentials; its tokens end at once. */
  delete(id: string): Promise<void>;
}

export function createUsers(api: Api): Users {
  const one = "/v3/users/{id}";
  const inAnswer = (json: unknown): User => parseUser(objectIn(json, "user"));
  const list = (query: Readonly<Record<string, string>>): Promise<readonly User[]> =>
    api.read({ method: "GET", route: "/v3/users", query }, (json) => listIn(json, "users").map(parseUser));
  return {
    create: ({ name, domainId, password, description, enabled }) => {
      const user = defined({ name, domain_id: domainId, password, description, enabled });
      return api.read({ method: "POST", route: "/v3/users", json: { user }, sensitive: [password] }, inAnswer);
    },
    get: (id) => api.find({ method: "GET", route: one, params: { id } }, inAnswer),
    findByName: async (domainId, name) =>
      (await list({ domain_id: domainId, name })).find((user) => user.name === name),
    listByPrefix: async (domainId, prefix) => {
      const users = await list({ domain_id: domainId, name__startswith: prefix });
      return users.filter((user) => user.name.startsWith(prefix));
    },
    update: (id, change) => {
      const sensitive = change.password === undefined ? [] : [change.password];
      return api.read({ method: "PATCH", route: one, params: { id }, json: { user: change }, sensitive }, inAnswer);
    },
    delete: (id) => api.remove({ method: "DELETE", route: one, params: { id } }),
  };
}

function parseUser(json: unknown): User {
  return {
    id: textIn(json, "id"),
    name: textIn(json, "name"),
    domainId: textIn(json, "domain_id"),
    enabled: booleanIn(json, "enabled"),
    description: optionalTextIn(json, "description") ?? "",
  };
}
