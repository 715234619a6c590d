import type { WeightedBackend } from "../mesh/route.ts";
import { isGranted, type Referrer } from "./grants.ts";
import type { BackendRef, WeightedBackendRef } from "./kinds.ts";
import type { ClusterObjects } from "./objects.ts";
import { serviceName } from "./services.ts";

/** Why a reference does not lead to a Service, in Gateway API's words. */
export interface Unresolved {
  readonly reason: "InvalidKind" | "RefNotPermitted" | "BackendNotFound";
  readonly message: string;
}

/** The name in the mesh of the Service port that is referred to, or why there is none. */
export function resolve(ref: BackendRef, from: Referrer, objects: ClusterObjects): string | Unresolved {
  const { group = "", kind = "Service", name, namespace = from.namespace, port } = ref;
  const label = `${kind} ${namespace}/${name}`;
  if (group !== "" || kind !== "Service") {
    return { reason: "InvalidKind", message: `${label}: only Services can be backends` };
  }
  if (!isGranted(objects.referenceGrants, from, { group, kind, namespace, name })) {
    return { reason: "RefNotPermitted", message: `${label}: no ReferenceGrant in ${namespace} allows it` };
  }
  const service = objects.services.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
  if (service === undefined) return { reason: "BackendNotFound", message: `${label} is not there` };
  // A port of UDP may have the same number, and is no service of the mesh: what leads there would hold up all that a proxy is told.
  if (
    port === undefined ||
    !service.spec?.ports?.some((each) => each.port === port && (each.protocol ?? "TCP") === "TCP")
  ) {
    return { reason: "BackendNotFound", message: `${label} has no TCP port ${port ?? "(none is given)"}` };
  }
  return serviceName(namespace, name, port);
}

/** Backends by weight; those that do not resolve keep their share, which is answered with 500. */
export function weighted(
  refs: readonly WeightedBackendRef[],
  from: Referrer,
  objects: ClusterObjects,
): { readonly backends: readonly WeightedBackend[]; readonly unresolved: readonly Unresolved[] } {
  const unresolved: Unresolved[] = [];
  const backends = refs.map((ref) => {
    const found = resolve(ref, from, objects);
    if (typeof found !== "string") unresolved.push(found);
    return { service: typeof found === "string" ? found : undefined, weight: ref.weight ?? 1 };
  });
  return { backends, unresolved };
}
