import type { Api } from "../api.ts";
import { listIn, objectIn, optionalTextIn, textIn } from "../shape.ts";

/** A service of the catalog. Names and types are not unique: two of a kind can be there. */
export interface CatalogService {
  readonly id: string;
  readonly name: string;
  readonly type: string;
}

export interface CatalogEndpoint {
  readonly id: string;
  readonly interface: string;
  readonly region: string;
  readonly url: string;
}

export type NewEndpoint = Omit<CatalogEndpoint, "id">;

/** The catalog as administrators keep it; what everybody sees of it is in the token. */
export interface Services {
  listByType(type: string): Promise<readonly CatalogService[]>;
  create(service: Omit<CatalogService, "id">): Promise<CatalogService>;
  endpoints(serviceId: string): Promise<readonly CatalogEndpoint[]>;
  createEndpoint(serviceId: string, endpoint: NewEndpoint): Promise<void>;
  moveEndpoint(id: string, url: string): Promise<void>;
}

export function createServices(api: Api): Services {
  return {
    listByType: (type) =>
      api.read({ method: "GET", route: "/v3/services", query: { type } }, (json) =>
        listIn(json, "services").map(parseService),
      ),
    create: (service) =>
      api.read({ method: "POST", route: "/v3/services", json: { service } }, (json) =>
        parseService(objectIn(json, "service")),
      ),
    endpoints: (serviceId) =>
      api.read({ method: "GET", route: "/v3/endpoints", query: { service_id: serviceId } }, (json) =>
        listIn(json, "endpoints").map(parseEndpoint),
      ),
    createEndpoint: async (serviceId, { interface: use, region, url }) => {
      const endpoint = { service_id: serviceId, interface: use, region_id: region, url };
      await api.send({ method: "POST", route: "/v3/endpoints", json: { endpoint } });
    },
    moveEndpoint: async (id, url) => {
      await api.send({ method: "PATCH", route: "/v3/endpoints/{id}", params: { id }, json: { endpoint: { url } } });
    },
  };
}

function parseService(json: unknown): CatalogService {
  return { id: textIn(json, "id"), name: textIn(json, "name"), type: textIn(json, "type") };
}

function parseEndpoint(json: unknown): CatalogEndpoint {
  return {
    id: textIn(json, "id"),
    interface: textIn(json, "interface"),
    region: optionalTextIn(json, "region_id") ?? "",
    url: textIn(json, "url"),
  };
}
