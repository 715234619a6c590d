import type { Api } from "../api.ts";
import { listIn } from "../shape.ts";
import { type Acls, createAcls } from "./acls.ts";
import { type Consumers, createConsumers } from "./consumers.ts";
import { type Containers, createContainers } from "./containers.ts";
import { createMetadata, type Metadata } from "./metadata.ts";
import { createOrders, type Orders } from "./orders.ts";
import { createSecrets, type Secrets } from "./secrets.ts";

/** Barbican as one project sees it; README.md lists the methods. */
export interface BarbicanClient {
  readonly secrets: Secrets;
  readonly metadata: Metadata;
  readonly orders: Orders;
  readonly containers: Containers;
  readonly acls: Acls;
  readonly consumers: Consumers;
  /** Proves that Barbican, its database and its way to Keystone work. */
  ping(): Promise<void>;
}

export function createBarbicanClient(api: Api): BarbicanClient {
  return {
    secrets: createSecrets(api),
    metadata: createMetadata(api),
    orders: createOrders(api),
    containers: createContainers(api),
    acls: createAcls(api),
    consumers: createConsumers(api),
    ping: async () => {
      await api.read({ method: "GET", route: "/v1/secrets", query: { limit: 1 } }, (json) => listIn(json, "secrets"));
    },
  };
}
