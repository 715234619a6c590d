import { request } from "undici";
import { openStack } from "#e2e/clients/operator-clients.ts";

/** What a client was answered: the status, and what the error said; 0 where there was no answer. */
export interface Answer {
  readonly status: number;
  readonly said: string;
  readonly ms: number;
}

/** Secrets as a stock client of one project stores and reads them, at any Barbican. */
export interface ProjectSecrets {
  /** Stores a payload in one request; `ref` is its address. */
  store(payload: string): Promise<Answer & { readonly ref: string }>;
  read(ref: string): Promise<Answer & { readonly payload: string }>;
  call(method: "GET" | "POST" | "DELETE", path: string): Promise<Answer & { readonly json: unknown }>;
}

export interface Login {
  readonly username: string;
  readonly password: string;
  readonly userDomain: string;
}

const WITHIN_MS = 60_000;

/** Logs in to the local cluster's Keystone, for a project. */
export async function projectSecrets(url: string, projectId: string, login: Login): Promise<ProjectSecrets> {
  const { username: name, password, userDomain } = login;
  const user = { name, domain: { name: userDomain }, password };
  const { statusCode, headers, body } = await request(`${openStack().identityUrl}/auth/tokens`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      auth: { identity: { methods: ["password"], password: { user } }, scope: { project: { id: projectId } } },
    }),
  });
  await body.dump();
  if (statusCode !== 201) throw new Error(`no token for project ${projectId}: ${statusCode}`);
  const token = String(headers["x-subject-token"]);

  const ask = async (method: string, at: string, accept: string, json?: object) => {
    const begin = performance.now();
    try {
      const answer = await request(at, {
        method: method as "GET",
        headers: {
          ...{ "x-auth-token": token, accept },
          ...(json === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(json === undefined ? {} : { body: JSON.stringify(json) }),
        headersTimeout: WITHIN_MS,
      });
      const text = await answer.body.text();
      return { status: answer.statusCode, text, said: text, ms: performance.now() - begin };
    } catch (error) {
      return { status: 0, text: "", said: String(error), ms: performance.now() - begin };
    }
  };
  return {
    store: async (payload) => {
      const secret = { name: "a secret", payload, payload_content_type: "text/plain" };
      const { text, ...answer } = await ask("POST", `${url}/v1/secrets`, "application/json", secret);
      const ref = answer.status === 201 ? (JSON.parse(text) as { secret_ref: string }).secret_ref : "";
      return { ...answer, ref };
    },
    read: async (ref) => {
      const { text, ...answer } = await ask("GET", `${ref}/payload`, "text/plain");
      return { ...answer, payload: text };
    },
    call: async (method, path) => {
      const { text, ...answer } = await ask(method, `${url}${path}`, "application/json");
      return { ...answer, json: text === "" ? undefined : (JSON.parse(text) as unknown) };
    },
  };
}
