import type { KubeObject } from "#runtime/api/object.ts";

/** The oldest first, then by `<namespace>/<name>`: so Gateway API decides between what cannot both be had. */
export function byAge(one: KubeObject, other: KubeObject): number {
  return orderOf(one) < orderOf(other) ? -1 : 1;
}

function orderOf({ metadata: { creationTimestamp, namespace = "", name } }: KubeObject): string {
  return `${creationTimestamp} ${namespace}/${name}`;
}
