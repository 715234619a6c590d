import type { Api } from "../api.ts";
import { isServiceError, ServiceError } from "../service-error.ts";
import { defined } from "../shape.ts";
import { microversion } from "./microversion.ts";
import { collect, pages } from "./pages.ts";
import { idIn } from "./refs.ts";
import { parseSecretMetadata, type SecretMetadata, type SecretType } from "./secret-metadata.ts";

export interface NewSecret {
  readonly name: string;
  readonly secretType: SecretType;
  /** RFC 3339, in the future. */
  readonly expiration?: string;
  readonly algorithm?: string;
  readonly bitLength?: number;
  readonly mode?: string;
}

export interface Payload {
  readonly bytes: Uint8Array;
  /** text/plain must be UTF-8. */
  readonly contentType: "text/plain" | "application/octet-stream";
}

export interface ReadOptions {
  /** Writes the audit record; awaited before the payload is asked for, and if it fails nothing is read. */
  readonly audit: () => Promise<void>;
}

export interface Secrets {
  /** Makes a secret without payload and gives its id. Names are not unique: a repeat makes another. Throws Quota. */
  create(secret: NewSecret): Promise<string>;
  /**
   * Gives a secret its payload, once: throws Conflict where there is one (so a repeat after a crash is answered with
   * Conflict, and the payload is the first's), TooLarge, NotFound.
   */
  putPayload(id: string, payload: Payload): Promise<void>;
  /** Undefined for what was deleted, and for what has expired. */
  get(id: string): Promise<SecretMetadata | undefined>;
  /** The payload as it was put; undefined where there is none, or no secret. */
  readPayload(id: string, options: ReadOptions): Promise<Uint8Array | undefined>;
  /** Throws Conflict for a secret that has consumers, unless forced. */
  delete(id: string, options?: { readonly force?: boolean }): Promise<void>;
  /** All secrets of exactly this name that have not expired, oldest first. */
  listByName(name: string): Promise<readonly SecretMetadata[]>;
  /** All secrets whose names begin so and that have not expired, oldest first. */
  listByPrefix(prefix: string): Promise<readonly SecretMetadata[]>;
  /** All secrets of the project that have not expired, oldest first, page by page. */
  list(): AsyncIterable<SecretMetadata>;
}

const all = "/v1/secrets";
const one = "/v1/secrets/{id}";
/** From this microversion on a secret is told with its consumers. */
const headers = microversion("1.1");
const NOT_ACCEPTABLE = 406;
/** As a newer Barbican refuses it. */
const REFUSED = {
  kind: "Conflict",
  status: 409,
  operation: `DELETE ${one}`,
  said: "the secret has consumers",
} as const;
const oldestFirst = { sort: "created:asc" };

export function createSecrets(api: Api): Secrets {
  /** Barbican compares names by SQL's LIKE, so what is a wildcard there is escaped; and the answer is looked through. */
  const byName = (pattern: string, isMeant: (name: string) => boolean): Promise<readonly SecretMetadata[]> =>
    collect(pages(api, all, "secrets", { ...oldestFirst, name: pattern }, headers), parseSecretMetadata).then(
      (secrets) => secrets.filter((secret) => isMeant(secret.name)),
    );
  const get = (id: string): Promise<SecretMetadata | undefined> =>
    api.find({ method: "GET", route: one, params: { id }, headers }, parseSecretMetadata);
  return {
    create: ({ name, secretType, expiration, algorithm, bitLength, mode }) => {
      const json = defined({ name, secret_type: secretType, expiration, algorithm, bit_length: bitLength, mode });
      return api.read({ method: "POST", route: all, json }, (answer) => idIn(answer, "secret_ref"));
    },
    putPayload: async (id, { bytes, contentType }) => {
      const sensitive = [Buffer.from(bytes).toString("utf8")];
      await api.send({ method: "PUT", route: one, params: { id }, body: { bytes, contentType }, sensitive });
    },
    get,
    readPayload: async (id, { audit }) => {
      await audit();
      const request = { method: "GET", route: `${one}/payload`, params: { id }, accept: "*/*" } as const;
      try {
        return (await api.send(request)).bytes;
      } catch (error) {
        if (isServiceError(error, "NotFound")) return undefined;
        throw error;
      }
    },
    delete: async (id, { force = false } = {}) => {
      const query = force ? { force: "true" } : {};
      const remove = (version: "1.1" | "1.2"): Promise<void> =>
        api.remove({ method: "DELETE", route: one, params: { id }, query, headers: microversion(version) });
      try {
        await remove("1.2");
      } catch (error) {
        if (!isServiceError(error) || error.status !== NOT_ACCEPTABLE) throw error;
        // Barbican before 2026.2 has no 1.2, and deletes secrets with consumers: so they are looked for first.
        const consumers = force ? [] : ((await get(id))?.consumers ?? []);
        const { service, requestId } = error;
        if (consumers.length > 0) throw new ServiceError({ service, requestId, ...REFUSED });
        await remove("1.1");
      }
    },
    listByName: (name) => byName(escapeLike(name), (found) => found === name),
    listByPrefix: (prefix) => byName(`${escapeLike(prefix)}%`, (found) => found.startsWith(prefix)),
    list: async function* () {
      for await (const entry of pages(api, all, "secrets", oldestFirst, headers)) yield parseSecretMetadata(entry);
    },
  };
}

/** `%` and `_` stand for themselves after a backslash, in PostgreSQL and in MySQL. */
export function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, "\\$&");
}
