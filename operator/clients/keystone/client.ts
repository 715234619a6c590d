import type { Api } from "../api.ts";
import { objectIn, optionalTextIn, textIn } from "../shape.ts";
import type { Endpoint, IssuedToken } from "../token/issued-token.ts";
import { type ApplicationCredentials, createApplicationCredentials } from "./application-credentials.ts";
import { type Assignments, createAssignments } from "./assignments.ts";
import { createDomains, type Domains } from "./domains.ts";
import { createGroups, type Groups } from "./groups.ts";
import { createProjects, type Projects } from "./projects.ts";
import { createRoles, type RoleCache, type Roles } from "./roles.ts";
import { createServices, type Services } from "./services.ts";
import { createUsers, type Users } from "./users.ts";

export interface Region {
  readonly id: string;
  readonly description: string;
}

/** Keystone's version document. */
export interface IdentityVersion {
  readonly id: string;
  readonly status: string;
}

export interface Catalog {
  /** The services' endpoints, as the catalog of the operator's token lists them. */
  endpoints(): Promise<readonly Endpoint[]>;
  region(id: string): Promise<Region | undefined>;
}

/** Keystone as the operator uses it; README.md lists the methods. */
export interface KeystoneClient {
  readonly projects: Projects;
  readonly domains: Domains;
  readonly users: Users;
  readonly groups: Groups;
  readonly roles: Roles;
  readonly assignments: Assignments;
  readonly applicationCredentials: ApplicationCredentials;
  readonly catalog: Catalog;
  readonly services: Services;
  /** Proves that Keystone answers and that our login is good. */
  ping(): Promise<IdentityVersion>;
  /** The operator's own user. */
  whoAmI(): Promise<{ readonly userId: string }>;
}

/** `currentToken` is the token that the Api sends. */
export function createKeystoneClient(
  api: Api,
  roles: RoleCache,
  currentToken: () => Promise<IssuedToken>,
): KeystoneClient {
  return {
    projects: createProjects(api),
    domains: createDomains(api),
    users: createUsers(api),
    groups: createGroups(api),
    roles: createRoles(api, roles),
    assignments: createAssignments(api),
    applicationCredentials: createApplicationCredentials(api),
    catalog: {
      endpoints: async () => (await currentToken()).catalog,
      region: (id) =>
        api.find({ method: "GET", route: "/v3/regions/{id}", params: { id } }, (json) => {
          const region = objectIn(json, "region");
          return { id: textIn(region, "id"), description: optionalTextIn(region, "description") ?? "" };
        }),
    },
    services: createServices(api),
    ping: () =>
      api.read({ method: "GET", route: "/v3" }, (json) => {
        const version = objectIn(json, "version");
        return { id: textIn(version, "id"), status: textIn(version, "status") };
      }),
    whoAmI: async () => ({ userId: (await currentToken()).userId }),
  };
}
