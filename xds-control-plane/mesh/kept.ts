import type { Mesh } from "./mesh.ts";

/**
 * The same mesh, of which what did not change since the former one is the former one's object: so whoever keeps something that
 * was made of a part sees by `===` whether it still holds.
 */
export function keptFrom(former: Mesh | undefined, mesh: Mesh): Mesh {
  if (former === undefined) return mesh;
  return {
    services: keptIn(former.services, mesh.services),
    proxies: keptIn(former.proxies, mesh.proxies),
    denied: former.denied.symmetricDifference(mesh.denied).size === 0 ? former.denied : mesh.denied,
  };
}

/** The texts of what was looked at before: each part is written once. */
const texts = new WeakMap<object, string>();

function keptIn<T extends object>(
  former: ReadonlyMap<string, T>,
  parts: ReadonlyMap<string, T>,
): ReadonlyMap<string, T> {
  return new Map(
    [...parts].map(([name, part]) => {
      const before = former.get(name);
      return [name, before !== undefined && textOf(before) === textOf(part) ? before : part];
    }),
  );
}

/** Of plain values whose fields were written in one order, which the same code makes them in. */
function textOf(part: object): string {
  const text = texts.get(part) ?? JSON.stringify(part);
  texts.set(part, text);
  return text;
}
