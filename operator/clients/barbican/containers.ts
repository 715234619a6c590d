import type { Api } from "../api.ts";
import { listIn, textIn } from "../shape.ts";
import { collect, pages } from "./pages.ts";
import { idIn, nameIn, timeIn } from "./refs.ts";

export interface Container {
  readonly id: string;
  readonly name: string;
  /** `rsa`, `generic` or `certificate`. */
  readonly type: string;
  readonly createdAt: string;
  /** Names are `public_key`, `private_key` … in an rsa container. A secret that was deleted is no longer listed. */
  readonly secrets: readonly { readonly name: string; readonly id: string }[];
}

export interface Containers {
  get(id: string): Promise<Container | undefined>;
  list(): Promise<readonly Container[]>;
  /** Deletes the container; its secrets stay. */
  delete(id: string): Promise<void>;
}

const all = "/v1/containers";
const one = "/v1/containers/{id}";

export function createContainers(api: Api): Containers {
  return {
    get: (id) => api.find({ method: "GET", route: one, params: { id } }, parseContainer),
    list: () => collect(pages(api, all, "containers"), parseContainer),
    delete: (id) => api.remove({ method: "DELETE", route: one, params: { id } }),
  };
}

function parseContainer(json: unknown): Container {
  return {
    id: idIn(json, "container_ref"),
    name: nameIn(json),
    type: textIn(json, "type"),
    createdAt: timeIn(json, "created"),
    secrets: listIn(json, "secret_refs").map((entry) => ({ name: nameIn(entry), id: idIn(entry, "secret_ref") })),
  };
}
