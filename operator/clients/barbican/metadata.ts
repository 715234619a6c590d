import type { Api } from "../api.ts";
import { objectIn, ShapeError } from "../shape.ts";

/** The values that a user keeps beside a secret. */
export interface Metadata {
  /** Undefined where the secret is not there. */
  get(secretId: string): Promise<Readonly<Record<string, string>> | undefined>;
  /** Replaces all. Keys are letters, digits, `-` and `_`, and come back in lower case. Throws NotFound. */
  put(secretId: string, values: Readonly<Record<string, string>>): Promise<void>;
}

const route = "/v1/secrets/{secretId}/metadata";

export function createMetadata(api: Api): Metadata {
  return {
    get: (secretId) =>
      api.find({ method: "GET", route, params: { secretId } }, (json) => {
        const entries = Object.entries(objectIn(json, "metadata")).map(([key, value]): [string, string] => {
          if (typeof value !== "string") throw new ShapeError("the answer's metadata has a value that is not text");
          return [key, value];
        });
        return Object.fromEntries(entries);
      }),
    put: async (secretId, values) => {
      await api.send({ method: "PUT", route, params: { secretId }, json: { metadata: values } });
    },
  };
}
