import type { CatalogEndpoint, NewEndpoint } from "#operator/clients/keystone/services.ts";

export interface CatalogChanges {
  readonly create: readonly NewEndpoint[];
  readonly move: readonly { readonly id: string; readonly url: string }[];
}

/** For whom a service has endpoints. */
export const INTERFACES = ["public", "internal"] as const;

export type UrlsByUse = Readonly<Record<(typeof INTERFACES)[number], string>>;

/** What is to change so that a service has its addresses in a region, one for each use. Pure. */
export function catalogChanges(found: readonly CatalogEndpoint[], region: string, urls: UrlsByUse): CatalogChanges {
  const create: NewEndpoint[] = [];
  const move: { id: string; url: string }[] = [];
  for (const use of INTERFACES) {
    const url = urls[use];
    const same = found.filter((endpoint) => endpoint.interface === use && endpoint.region === region);
    if (same.length === 0) create.push({ interface: use, region, url });
    for (const endpoint of same) if (endpoint.url !== url) move.push({ id: endpoint.id, url });
  }
  return { create, move };
}

/**
 * The public address that a service is to have: the edge's once that serves, and until then what the catalog has; the internal one
 * where there is to be no edge. Pure.
 */
export function publicUrl(
  found: readonly CatalogEndpoint[],
  region: string,
  {
    internal,
    edge,
  }: { readonly internal: string; readonly edge: { readonly url: string; readonly serves: boolean } | undefined },
): string {
  if (edge === undefined) return internal;
  if (edge.serves) return edge.url;
  return found.find((endpoint) => endpoint.interface === "public" && endpoint.region === region)?.url ?? internal;
}
