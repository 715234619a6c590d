import type { Gateway } from "#operator/api/gateway-api.ts";
import type { KubeObject } from "#runtime/api/object.ts";

/** Whose an object is that has the name of what a Gateway needs. */
export type Ownership = "free" | "ours" | "former" | "foreign";

/** `former`: of a Gateway of the same name that is gone, and on its way out with it. Pure. */
export function ownershipOf(current: KubeObject | undefined, gateway: Gateway): Ownership {
  if (current === undefined) return "free";
  const { ownerReferences: owners = [], deletionTimestamp } = current.metadata;
  const isOurs = owners.some(({ uid }) => uid === gateway.metadata.uid);
  if (deletionTimestamp !== undefined) return "former";
  if (isOurs) return "ours";
  return owners.some(({ kind, name }) => kind === gateway.kind && name === gateway.metadata.name)
    ? "former"
    : "foreign";
}
