import { EDGE_PATHS } from "#operator/clients/cloud-connection.ts";

/** What passes the edge of a Cloud: what is not here is answered with 404, whoever asks (docs/adr/0051). */
export interface EdgePath {
  readonly type: "Exact" | "PathPrefix" | "RegularExpression";
  /** Below the service's own path. */
  readonly path: string;
  /** All where none is said. */
  readonly methods?: readonly ("GET" | "HEAD" | "POST" | "DELETE")[];
}

/** As a request's match in an HTTPRoute. */
export interface RouteMatch {
  readonly path: { readonly type: EdgePath["type"]; readonly value: string };
  readonly method?: string;
}

const READ = ["GET", "HEAD"] as const;
/** Keystone's ids are 32 or 64 hexadecimal digits; names are more, and none of them is a path. */
const ID = "[A-Za-z0-9_-]+";

const exact = (path: string, ...methods: NonNullable<EdgePath["methods"]>): EdgePath => ({
  type: "Exact",
  path,
  methods,
});
const matching = (path: string, ...methods: NonNullable<EdgePath["methods"]>): EdgePath => ({
  type: "RegularExpression",
  path,
  methods,
});
const below = (path: string): EdgePath => ({ type: "PathPrefix", path });

/** Versions, which every client asks for first. */
const versions = (version: string): readonly EdgePath[] =>
  ["", "/", version, `${version}/`].map((path) => exact(path, ...READ));

/**
 * Of Keystone what somebody does for himself: tokens, what he may be in, his projects, password and application credentials. All
 * else is administration: users, groups, domains, projects' changes, roles, services, endpoints, regions, policies, credentials.
 */
const keystone: readonly EdgePath[] = [
  exact("/v3/auth/tokens", ...READ, "DELETE"),
  ...["catalog", "projects", "domains", "system"].map((what) => exact(`/v3/auth/${what}`, ...READ)),
  // The stock client lists one's own projects when Keystone refuses it the list of all, and not when there is no such thing.
  exact("/v3/projects", ...READ),
  matching(`/v3/projects/${ID}`, ...READ),
  matching(`/v3/users/${ID}/projects`, ...READ),
  matching(`/v3/users/${ID}/application_credentials`, ...READ, "POST"),
  matching(`/v3/users/${ID}/application_credentials/${ID}`, ...READ, "DELETE"),
  matching(`/v3/users/${ID}/access_rules`, ...READ),
  matching(`/v3/users/${ID}/access_rules/${ID}`, ...READ, "DELETE"),
];

/** Of Barbican what is a project's own: not the quotas of others, nor keys for transport. */
const barbican: readonly EdgePath[] = [
  ...["secrets", "containers", "orders", "secret-stores"].map((what) => below(`/v1/${what}`)),
  exact("/v1/quotas", ...READ),
];

/**
 * What costs Keystone 300 ms of a processor and no token: it hashes the password that somebody says he has. So is one's own changed, by
 * the old one.
 */
const login: readonly EdgePath[] = [exact("/v3/auth/tokens", "POST"), matching(`/v3/users/${ID}/password`, "POST")];

/** What is asked of requests differs by rule: of the first two no token, since clients bring an old one and want none. */
export type EdgeRule = "versions" | "login" | "own";

/** By rule of the route. */
const paths: Readonly<Record<"keystone" | "barbican", Readonly<Partial<Record<EdgeRule, readonly EdgePath[]>>>>> = {
  keystone: { versions: versions("/v3"), login, own: keystone },
  barbican: { versions: versions("/v1"), own: barbican },
};

/** The rules of the requests for a service that pass, each with its matches. */
export function edgeRules(
  service: "keystone" | "barbican",
): readonly { readonly name: EdgeRule; readonly matches: readonly RouteMatch[] }[] {
  return Object.entries(paths[service]).map(([name, of]) => ({
    name: name as EdgeRule,
    matches: of.flatMap(({ type, path, methods }) => {
      const value = `${EDGE_PATHS[service]}${path}`;
      return (methods ?? [undefined]).map((method) => ({
        path: { type, value },
        ...(method === undefined ? {} : { method }),
      }));
    }),
  }));
}
