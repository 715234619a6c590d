import type { KubeObject } from "#runtime/api/object.ts";
import { type Resource, resourceName, resourcePath } from "#runtime/api/resource.ts";
import { isApiError } from "#runtime/client/errors.ts";
import type { Transport } from "#runtime/client/transport.ts";
import { nothing, type Searched, searchBytes, together } from "./files.ts";
import type { Searcher } from "./search.ts";

interface ServedResource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** KubeVirt's aggregated server says null for its subresources. */
  readonly verbs: readonly string[] | null;
}

/** Every kind that the API server can list, by discovery: core's, ours, and those of aggregated servers and CRDs. */
export async function servedResources(transport: Transport): Promise<readonly Resource[]> {
  const groups = (await read(transport, "/apis")) as { readonly groups: readonly ApiGroup[] };
  const versions = [
    { path: "/api/v1", group: "", version: "v1" },
    ...groups.groups.flatMap(({ name, versions }) =>
      versions.map(({ version }) => ({ path: `/apis/${name}/${version}`, group: name, version })),
    ),
  ];
  const found = await Promise.all(
    versions.map(async ({ path, group, version }) => {
      const { resources } = (await read(transport, path)) as { readonly resources: readonly ServedResource[] };
      return resources
        .filter(({ name, verbs }) => verbs?.includes("list") === true && !name.includes("/"))
        .map(({ name, kind, namespaced }) => ({ group, version, plural: name, kind, namespaced }));
    }),
  );
  return found.flat();
}

interface ApiGroup {
  readonly name: string;
  readonly versions: readonly { readonly version: string }[];
}

/** Searches all objects of all kinds, events among them, whole: managed fields and annotations too. */
export async function searchObjects(search: Searcher, transport: Transport): Promise<Searched> {
  const parts: Searched[] = [];
  for (const resource of await servedResources(transport)) {
    for (const object of await listWhole(transport, resource)) {
      const { namespace, name } = object.metadata;
      const place = `${resourceName(resource)} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
      parts.push(searchBytes(search, place, Buffer.from(JSON.stringify(object))));
    }
  }
  return together([nothing, ...parts]);
}

async function listWhole(transport: Transport, resource: Resource): Promise<readonly KubeObject[]> {
  const found: KubeObject[] = [];
  let next: string | undefined;
  do {
    const page = (await read(transport, resourcePath(resource), { limit: 200, continue: next })) as {
      readonly items?: readonly KubeObject[];
      readonly metadata?: { readonly continue?: string };
    };
    found.push(...(page.items ?? []));
    next = page.metadata?.continue || undefined;
  } while (next !== undefined);
  return found;
}

async function read(
  transport: Transport,
  path: string,
  query: Readonly<Record<string, string | number | undefined>> = {},
): Promise<unknown> {
  try {
    return await transport.send({ method: "GET", path, query, verb: "list", resource: path, subject: "" });
  } catch (error) {
    // A kind whose CRD another test removes meanwhile has no objects.
    if (isApiError(error, "NotFound")) return { resources: [], items: [] };
    throw error;
  }
}
