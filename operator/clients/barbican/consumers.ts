import type { Api } from "../api.ts";
import { type Json, listIn, textIn } from "../shape.ts";
import { microversion } from "./microversion.ts";

/** Something that uses a secret. */
export interface Consumer {
  readonly service: string;
  readonly resourceType: string;
  readonly resourceId: string;
}

export interface Consumers {
  /** Undefined where the secret is not there. */
  list(secretId: string): Promise<readonly Consumer[] | undefined>;
  /** Repeating it changes nothing. Throws NotFound, Quota. */
  add(secretId: string, consumer: Consumer): Promise<void>;
  /** What is no consumer, or of no secret, is removed already. */
  remove(secretId: string, consumer: Consumer): Promise<void>;
}

const route = "/v1/secrets/{secretId}/consumers";
const headers = microversion("1.1");

export function createConsumers(api: Api): Consumers {
  return {
    list: (secretId) =>
      api.find({ method: "GET", route, params: { secretId }, headers, query: { limit: 100 } }, (json) =>
        listIn(json, "consumers").map(parseConsumer),
      ),
    add: async (secretId, consumer) => {
      await api.send({ method: "POST", route, params: { secretId }, headers, json: bodyOf(consumer) });
    },
    remove: (secretId, consumer) =>
      api.remove({ method: "DELETE", route, params: { secretId }, headers, json: bodyOf(consumer) }),
  };
}

function bodyOf({ service, resourceType, resourceId }: Consumer): object {
  return { service, resource_type: resourceType, resource_id: resourceId };
}

export function parseConsumer(json: Json): Consumer {
  return {
    service: textIn(json, "service"),
    resourceType: textIn(json, "resource_type"),
    resourceId: textIn(json, "resource_id"),
  };
}
