import type { Api } from "../api.ts";
import type { Clock } from "../clock.ts";
import { listIn, textIn } from "../shape.ts";

export interface Role {
  readonly id: string;
  readonly name: string;
}

export interface Roles {
  /** A role of the whole cloud (not of a domain). What was found is kept for ten minutes. */
  findByName(name: string): Promise<Role | undefined>;
}

const keptForMs = 10 * 60_000;

/** Roles that were found, shared by all clients of one Keystone. */
export interface RoleCache {
  get(name: string): Role | undefined;
  put(role: Role): void;
}

export function createRoleCache(clock: Clock): RoleCache {
  const kept = new Map<string, { readonly role: Role; readonly until: number }>();
  return {
    get: (name) => {
      const entry = kept.get(name);
      return entry !== undefined && clock.now() < entry.until ? entry.role : undefined;
    },
    put: (role) => void kept.set(role.name, { role, until: clock.now() + keptForMs }),
  };
}

export function createRoles(api: Api, cache: RoleCache): Roles {
  return {
    findByName: async (name) => {
      const known = cache.get(name);
      if (known !== undefined) return known;
      const request = { method: "GET", route: "/v3/roles", query: { name } } as const;
      const roles = await api.read(request, (json) => listIn(json, "roles").map(parseRole));
      const role = roles.find((each) => each.name === name);
      if (role !== undefined) cache.put(role);
      return role;
    },
  };
}

function parseRole(json: unknown): Role {
  return { id: textIn(json, "id"), name: textIn(json, "name") };
}
