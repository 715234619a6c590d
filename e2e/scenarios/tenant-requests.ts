import { request } from "undici";
import { parse } from "yaml";
import { systemNamespace } from "#e2e/cluster/nephele-objects.ts";
import { unique } from "#e2e/harness/bed.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import type { NodeHandle } from "#e2e/node/handle.ts";

/** A tenant of the node's Cloud who asks Keystone and Barbican from this machine, by addresses that stay. */
export interface TenantRequests {
  /** Keystone tells about the tenant's own token, and Barbican gives the secret's payload. Throws where one does not. */
  ask(secretId: string): Promise<string>;
  /**
   * Barbican takes a payload. Gives the secret's id once it is acknowledged; throws where it is not.
   *
   * @param name which is not encrypted, as the payload is, before it goes to the database
   */
  store(payload: string, name?: string): Promise<string>;
  /** Barbican forgets a secret. */
  remove(secretId: string): Promise<void>;
  /** Logs in anew, and goes on with that token, which it gives. */
  login(): Promise<string>;
  /** What it goes on with: to be the same tenant by other addresses. */
  session(): TenantSession;
  close(): void;
}

/** What a tenant holds. */
export interface TenantSession {
  readonly credential: { readonly id: string | undefined; readonly secret: string | undefined };
  readonly token: string;
}

/** As long as a client has patience. */
const PATIENCE = { headersTimeout: 30_000, bodyTimeout: 30_000 } as const;

interface CloudsFile {
  readonly clouds: Readonly<
    Record<
      string,
      { readonly auth: { readonly application_credential_id: string; readonly application_credential_secret: string } }
    >
  >;
}

/** The tenant of a Project, logged in with its application credential; or one that goes on with what it holds. */
export async function openTenantRequests(
  node: NodeHandle,
  cloud: string,
  namespace: string,
  session?: TenantSession,
): Promise<TenantRequests> {
  const address = async (part: string, port: number): Promise<string> =>
    `${(await node.run("get", `service/${cloud}-${part}`, "-n", systemNamespace, "-o", "jsonpath={.spec.clusterIP}")).trim()}:${port}`;
  const ways = [await node.reach(await address("keystone", 5000)), await node.reach(await address("barbican", 9311))];
  const [keystone, barbican] = ways.map(({ port }) => `http://127.0.0.1:${port}`);
  const credential = session?.credential ?? (await credentialIn(node, namespace));
  const identity = { methods: ["application_credential"], application_credential: credential };
  const login = async (): Promise<string> => {
    const answer = await request(`${keystone}/v3/auth/tokens`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ auth: { identity } }),
      ...PATIENCE,
    });
    await expectStatus(answer, 201, "the login");
    return String(answer.headers["x-subject-token"]);
  };
  let token = session?.token ?? (await login());
  const get = (url: string, headers: Readonly<Record<string, string>>) => request(url, { headers, ...PATIENCE });
  return {
    ask: async (secretId) => {
      const own = { "x-auth-token": token, "x-subject-token": token };
      await expectStatus(await get(`${keystone}/v3/auth/tokens`, own), 200, "Keystone");
      const headers = { "x-auth-token": token, accept: "text/plain" };
      return expectStatus(await get(`${barbican}/v1/secrets/${secretId}/payload`, headers), 200, "Barbican");
    },
    store: async (payload, name = "stored") => {
      const body = JSON.stringify({ name, payload, payload_content_type: "text/plain" });
      const headers = { "x-auth-token": token, "content-type": "application/json" };
      const answer = await request(`${barbican}/v1/secrets`, { method: "POST", headers, body, ...PATIENCE });
      const { secret_ref: ref } = JSON.parse(await expectStatus(answer, 201, "Barbican")) as { secret_ref: string };
      return ref.slice(ref.lastIndexOf("/") + 1);
    },
    remove: async (secretId) => {
      const headers = { "x-auth-token": token };
      const answer = await request(`${barbican}/v1/secrets/${secretId}`, { method: "DELETE", headers, ...PATIENCE });
      await expectStatus(answer, 204, "Barbican");
    },
    login: async () => {
      token = await login();
      return token;
    },
    session: () => ({ credential, token }),
    close: () => {
      for (const way of ways) way.close();
    },
  };
}

/** The application credential in the clouds.yaml of a Project's namespace. */
export async function credentialIn(node: NodeHandle, namespace: string): Promise<TenantSession["credential"]> {
  const encoded = await node.run("get", "secret/clouds", "-n", namespace, "-o", "jsonpath={.data.clouds\\.yaml}");
  const auth = (parse(Buffer.from(encoded, "base64").toString()) as CloudsFile).clouds[namespace]?.auth;
  return { id: auth?.application_credential_id, secret: auth?.application_credential_secret };
}

async function expectStatus(
  { statusCode, body }: Awaited<ReturnType<typeof request>>,
  expected: number,
  what: string,
): Promise<string> {
  const text = await body.text();
  if (statusCode !== expected) throw new Error(`${what} answered ${statusCode}, not ${expected}`);
  return text;
}

/** How many requests were answered while something was going on, and what became of the others. */
export interface Tally {
  readonly answered: number;
  readonly errors: readonly string[];
}

/** Asks again and again, one request after another, until the work is done. */
export async function askWhile(ask: () => Promise<unknown>, work: () => Promise<void>): Promise<Tally> {
  const errors: string[] = [];
  let answered = 0;
  let going = true;
  const asking = (async () => {
    while (going) {
      try {
        await ask();
        answered += 1;
      } catch (error) {
        errors.push(error instanceof Error ? error.message : String(error));
      }
    }
  })();
  try {
    await work();
  } finally {
    going = false;
    await asking;
  }
  return { answered, errors };
}

/** What was acknowledged while something went on, and the longest time in which nothing was, in milliseconds. */
export interface Written {
  readonly acknowledged: ReadonlyMap<string, string>;
  readonly longestPauseMs: number;
  readonly errors: readonly string[];
}

/** The tenant writes secrets until the work is done and five more are acknowledged after it. */
export async function writeWhile(tenant: TenantRequests, work: () => Promise<void>): Promise<Written> {
  const acknowledged = new Map<string, string>();
  let last = performance.now();
  let longestPauseMs = 0;
  const write = async (): Promise<void> => {
    const payload = unique("payload");
    acknowledged.set(await tenant.store(payload), payload);
    longestPauseMs = Math.max(longestPauseMs, performance.now() - last);
    last = performance.now();
  };
  const { errors } = await askWhile(write, async () => {
    await eventually("the first writes", async () => acknowledged.size > 4);
    await work();
    const before = acknowledged.size;
    await eventually("writes after it", async () => acknowledged.size >= before + 5, { withinMs: 60_000 });
  });
  return { acknowledged, longestPauseMs, errors };
}

/** A time in which one round of requests after another failed. */
export interface Outage {
  readonly seconds: number;
  readonly errors: readonly string[];
}

/** Asks again and again until the work is done, as `askWhile` does, and gives the times in which nobody was answered. */
export async function outagesWhile(
  ask: () => Promise<unknown>,
  work: () => Promise<void>,
): Promise<{ readonly answered: number; readonly outages: readonly Outage[] }> {
  const outages: { seconds: number; errors: string[] }[] = [];
  let lasting = false;
  let ended = performance.now();
  const { answered } = await askWhile(async () => {
    try {
      await ask();
      lasting = false;
    } catch (error) {
      if (!lasting) outages.push({ seconds: 0, errors: [] });
      lasting = true;
      const outage = outages.at(-1);
      if (outage !== undefined) {
        outage.seconds += (performance.now() - ended) / 1000;
        outage.errors.push(error instanceof Error ? error.message : String(error));
      }
      throw error;
    } finally {
      ended = performance.now();
    }
  }, work);
  return { answered, outages };
}

/**
 * What comes to a Cloud with one instance of PostgreSQL, and replaces its pod, is noticed once: there is nobody to ask meanwhile.
 *
 * @throws Error where there was more
 */
export function expectOneReplacement(outages: readonly Outage[]): void {
  const errors = outages.flatMap((outage) => outage.errors).filter((error) => !/\b50[03]\b/.test(error));
  const isLong = outages.some(({ seconds }) => seconds > LONGEST_REPLACEMENT_S);
  if (outages.length > 1 || isLong || errors.length > 0) throw new Error(`more was lost: ${JSON.stringify(outages)}`);
}

/** An alarm at three times the goal. */
const LONGEST_REPLACEMENT_S = 45;
