import type { CatalogEndpoint, NewEndpoint } from "#operator/clients/keystone/services.ts";

export interface CatalogChanges {
  readonly create: readonly NewEndpoint[];
  readonly move: readonly { readonly id: string; readonly url: string }[];
}

/** For whom a service has endpoints. */
export const INTERFACES = ["public", "internal"] as const;

/** What is to change so that a service has its address in a region, once for each use. Pure. */
export function catalogChanges(found: readonly CatalogEndpoint[], region: string, url: string): CatalogChanges {
  const create: NewEndpoint[] = [];
  const move: { id: string; url: string }[] = [];
  for (const use of INTERFACES) {
    const same = found.filter((endpoint) => endpoint.interface === use && endpoint.region === region);
    if (same.length === 0) create.push({ interface: use, region, url });
    for (const endpoint of same) if (endpoint.url !== url) move.push({ id: endpoint.id, url });
  }
  return { create, move };
}
