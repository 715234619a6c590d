import type { Api } from "../api.ts";
import { booleanIn, listIn, objectIn, textIn } from "../shape.ts";

export interface Domain {
  readonly id: string;
  readonly name: string;
  readonly enabled: boolean;
}

/** Domains are looked up only: the operator makes none. */
export interface Domains {
  findByName(name: string): Promise<Domain | undefined>;
  get(id: string): Promise<Domain | undefined>;
}

export function createDomains(api: Api): Domains {
  return {
    findByName: async (name) => {
      const request = { method: "GET", route: "/v3/domains", query: { name } } as const;
      const domains = await api.read(request, (json) => listIn(json, "domains").map(parseDomain));
      return domains.find((domain) => domain.name === name);
    },
    get: (id) =>
      api.find({ method: "GET", route: "/v3/domains/{id}", params: { id } }, (json) =>
        parseDomain(objectIn(json, "domain")),
      ),
  };
}

function parseDomain(json: unknown): Domain {
  return { id: textIn(json, "id"), name: textIn(json, "name"), enabled: booleanIn(json, "enabled") };
}
