import type { Api } from "../api.ts";
import { type Json, listIn, optionalNumberIn } from "../shape.ts";

/** Entries a page; Barbican gives no more than 100. */
const pageSize = 100;

/**
 * All entries of a list, page by page, oldest first. Collect before deleting: what is deleted meanwhile moves the rest,
 * and entries are missed.
 */
export async function* pages(
  api: Api,
  route: string,
  field: string,
  query: Readonly<Record<string, string>> = {},
  headers: Readonly<Record<string, string>> = {},
): AsyncGenerator<Json> {
  for (let offset = 0; ; offset += pageSize) {
    const request = { method: "GET", route, query: { ...query, offset, limit: pageSize }, headers } as const;
    const page = await api.read(request, (json) => ({
      entries: listIn(json, field),
      total: optionalNumberIn(json, "total") ?? 0,
    }));
    yield* page.entries;
    if (page.entries.length === 0 || offset + page.entries.length >= page.total) return;
  }
}

/** All entries at once, each read by `parse`. */
export async function collect<T>(entries: AsyncIterable<Json>, parse: (json: Json) => T): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const entry of entries) found.push(parse(entry));
  return found;
}
