import { readFileSync } from "node:fs";

/** What an administrator's token is good for. */
export type AdminScope = "system" | { readonly project: string };

type Json = Readonly<Record<string, unknown>>;

/** Calls of the bed's administrator, to set a bed up and for tests to make their domains; the operator has its own. */
export interface AdminSession {
  readonly token: string;
  /** GET of a list, which stands in the answer under `kind`. `path` is below Keystone's `/v3`. */
  list(path: string, kind: string): Promise<readonly (Json & { readonly id: string })[]>;
  /** GET of a list, of which the first is given. */
  findFirst(path: string, list: string): Promise<{ readonly id: string } | undefined>;
  /** POST; gives what stands in the answer under `kind`. */
  create(path: string, kind: string, values: Json): Promise<{ readonly id: string }>;
  send(method: "PUT" | "PATCH" | "DELETE", path: string, body?: Json): Promise<void>;
}

/** Logs the administrator in by the password in a file. `identityUrl` ends in `/v3`. */
export function adminLogin(identityUrl: string, passwordFile: string, scope: AdminScope): Promise<AdminSession> {
  return adminLoginWith(identityUrl, readFileSync(passwordFile, "utf8"), scope);
}

/** Logs the administrator in. `identityUrl` ends in `/v3`. */
export async function adminLoginWith(identityUrl: string, password: string, scope: AdminScope): Promise<AdminSession> {
  const domain = { id: "default" };
  const user = { name: "admin", domain, password };
  const wanted = scope === "system" ? { system: { all: true } } : { project: { name: scope.project, domain } };
  const login = { identity: { methods: ["password"], password: { user } }, scope: wanted };
  const answer = await send(`${identityUrl}/auth/tokens`, "POST", { auth: login }, {});
  const token = answer.headers.get("x-subject-token") ?? "";
  const call = (method: string, path: string, body?: Json): Promise<Response> =>
    send(`${identityUrl}${path}`, method, body, { "x-auth-token": token });
  const list: AdminSession["list"] = async (path, kind) => {
    const answer = (await (await call("GET", path)).json()) as Record<
      string,
      Awaited<ReturnType<AdminSession["list"]>>
    >;
    const found = answer[kind];
    if (found === undefined) throw new Error(`GET ${path} gave no ${kind}`);
    return found;
  };
  return {
    token,
    list,
    findFirst: async (path, kind) => (await list(path, kind))[0],
    create: async (path, kind, values) => {
      const made = ((await (await call("POST", path, { [kind]: values })).json()) as Record<string, { id: string }>)[
        kind
      ];
      if (made === undefined) throw new Error(`POST ${path} gave no ${kind}`);
      return made;
    },
    send: async (method, path, body) => void (await call(method, path, body)),
  };
}

async function send(
  url: string,
  method: string,
  body: Json | undefined,
  headers: Record<string, string>,
): Promise<Response> {
  const response = await fetch(url, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(15_000),
  });
  if (response.ok) return response;
  throw new Error(`${method} ${url} answered ${response.status}: ${(await response.text()).slice(0, 300)}`);
}
