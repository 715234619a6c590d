import type { Api } from "../api.ts";
import { listIn, objectIn, textIn } from "../shape.ts";

export interface Group {
  readonly id: string;
  readonly name: string;
  readonly domainId: string;
}

/** Groups are looked up only. */
export interface Groups {
  findByName(domainId: string, name: string): Promise<Group | undefined>;
  get(id: string): Promise<Group | undefined>;
}

export function createGroups(api: Api): Groups {
  return {
    findByName: async (domainId, name) => {
      const request = { method: "GET", route: "/v3/groups", query: { domain_id: domainId, name } } as const;
      const groups = await api.read(request, (json) => listIn(json, "groups").map(parseGroup));
      return groups.find((group) => group.name === name);
    },
    get: (id) =>
      api.find({ method: "GET", route: "/v3/groups/{id}", params: { id } }, (json) =>
        parseGroup(objectIn(json, "group")),
      ),
  };
}

function parseGroup(json: unknown): Group {
  return { id: textIn(json, "id"), name: textIn(json, "name"), domainId: textIn(json, "domain_id") };
}
