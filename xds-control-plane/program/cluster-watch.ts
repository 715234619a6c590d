import type { KubeObject } from "#runtime/api/object.ts";
import type { Resource } from "#runtime/api/resource.ts";
import { NotSyncedError } from "#runtime/watch/cache.ts";
import type { Informers } from "#runtime/watch/informers.ts";
import {
  accessPolicies,
  type ClusterObjects,
  deniedIdentities,
  endpointSlices,
  gatewayClasses,
  gateways,
  grpcRoutes,
  httpRoutes,
  namespaces,
  referenceGrants,
  secrets,
  services,
  tlsRoutes,
} from "../cluster-view/kinds.ts";

/** Kinds that are watched in the whole cluster. */
const everywhere = {
  gatewayClasses,
  gateways,
  httpRoutes,
  grpcRoutes,
  tlsRoutes,
  referenceGrants,
  services,
  endpointSlices,
  namespaces,
  accessPolicies,
  deniedIdentities,
} as const;

/** How long changes are gathered before the view is made anew, milliseconds: they come in bursts. */
const gatherMs = 20;
/** How soon a namespace whose Secrets are not listed yet is looked at again, milliseconds. */
const againMs = 100;

/**
 * Calls `onObjects` with all objects, first when every kind has been listed and then after changes. Secrets are watched in the
 * namespaces of Gateways alone.
 */
export function watchCluster(
  informers: Informers,
  onObjects: (objects: ClusterObjects) => void,
  signal: AbortSignal,
): void {
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    timer = undefined;
    if (signal.aborted) return;
    const objects = read(informers);
    if (objects === undefined) schedule(againMs);
    else onObjects(objects);
  };
  const schedule = (ms: number): void => {
    timer ??= setTimeout(look, ms);
  };
  for (const resource of Object.values(everywhere)) informers.need(resource);
  informers.need(secrets, { within: { of: gateways, namespace: ({ metadata }) => metadata.namespace } });
  for (const resource of [...Object.values(everywhere), secrets]) {
    informers.onChange(resource as Resource, () => schedule(gatherMs));
  }
  signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  // A cluster without an object of these kinds has a view, too.
  schedule(gatherMs);
}

/**
 * Secrets of the namespaces of Gateways. One that we may not read has none for us, and nobody waits for it: whoever makes a
 * Gateway anywhere would hold up all others.
 */
function readSecrets(informers: Informers): Pick<ClusterObjects, "secrets" | "secretsForbiddenIn"> {
  const of = new Set(informers.list(gateways).map(({ metadata }) => metadata.namespace ?? ""));
  const forbidden = new Set([...of].filter((namespace) => informers.isForbidden(secrets, namespace)));
  const readable = [...of].filter((namespace) => !forbidden.has(namespace));
  return {
    secrets: readable.flatMap((namespace) => informers.list(secrets, namespace)),
    secretsForbiddenIn: forbidden,
  };
}

/** All objects; undefined while something has not been listed. */
function read(informers: Informers): ClusterObjects | undefined {
  try {
    const list = <T extends KubeObject>(resource: Resource<T>): readonly T[] => informers.list(resource);
    return {
      gatewayClasses: list(gatewayClasses),
      gateways: list(gateways),
      httpRoutes: list(httpRoutes),
      grpcRoutes: list(grpcRoutes),
      tlsRoutes: list(tlsRoutes),
      referenceGrants: list(referenceGrants),
      services: list(services),
      endpointSlices: list(endpointSlices),
      namespaces: list(namespaces),
      ...readSecrets(informers),
      accessPolicies: list(accessPolicies),
      deniedIdentities: list(deniedIdentities),
    };
  } catch (error) {
    if (error instanceof NotSyncedError) return undefined;
    throw error;
  }
}
