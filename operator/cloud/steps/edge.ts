import { coreSecrets } from "#operator/api/foreign.ts";
import { CONTROLLER_NAME } from "#operator/api/gateway-api.ts";
import { meshName, partName } from "#operator/clients/cloud-connection.ts";
import { keyOf } from "#runtime/api/object.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { type EdgeHop, edgeGateway, edgeNames, edgeRoutes } from "../children/edge.ts";
import { certificateProblem, edgeProblem, hopOf, listenersNow, presentListeners } from "../decide/edge.ts";
import type { CloudDeployment, EdgeWish } from "../deployment.ts";
import { gatewayClasses, gateways, httpRoutes } from "../resources.ts";
import { type CloudScope, unwellPoll } from "../scope.ts";
import { applyAll } from "./apply.ts";
import { type EdgeLimits, ensureEdgeLimits, removeEdgeLimits } from "./edge-limits.ts";
import { isOwn, removeOwn } from "./own.ts";

/** The Gateway by which people's clients come, and what passes it. Whether it serves decides what the catalog says to them. */
export async function ensureEdge(scope: CloudScope, deployment: CloudDeployment): Promise<Outcome> {
  const { edge, platform, cloud } = deployment;
  const { cache } = scope;
  const namespace = cloud.metadata.namespace ?? "";
  if (edge === undefined) return settled();
  const pollAfterMs = unwellPoll(scope);
  if (!platform.gateways)
    return waiting("Gateways to be run by the operator: the chart's value gateways.enabled", { pollAfterMs });
  if (cache.isForbidden(httpRoutes, namespace))
    return waiting(
      `the right to list HTTPRoutes in namespace ${namespace}: the Role nephele:cloud-edge and its RoleBinding, charts/nephele/rbac/edge.yaml`,
      { pollAfterMs },
    );
  const gatewayClass = cache.get(gatewayClasses, { name: edge.className });
  if (gatewayClass === undefined) return waiting(`GatewayClass ${edge.className}, which is not there`, { pollAfterMs });
  const isOurs = gatewayClass.spec?.controllerName === CONTROLLER_NAME;
  const hop = hopOf({
    hasSidecars: platform.sidecars !== undefined,
    isOurs,
    isMeshReady: scope.results.get("MeshReady")?.kind === "settled",
    now: hopNow(scope, deployment),
  });
  const unusable = certificateProblem(edge, cache.get(coreSecrets, { namespace, name: edge.certificate }), scope.now);
  const there = cache.get(gateways, { namespace, name: edgeNames(cloud).gateway });
  const listeners = listenersNow({
    ...{ edge, isUsable: unusable === undefined },
    present: isOwn(there, cloud) ? presentListeners(there) : [],
    catalog: [scope.endpoints?.identity ?? "", scope.endpoints?.keyManager ?? ""],
  });
  const gateway = edgeGateway(deployment, edge, listeners);
  const routes = edgeRoutes(deployment, edge, hop, listeners);
  if (listeners.length > 0) await applyAll(scope, [gateway, ...routes]);
  const limits = listeners.length > 0 ? await ensureEdgeLimits(scope, deployment, edge, isOurs) : {};
  const problem =
    unusable ??
    edgeProblem({
      edge,
      gateway: cache.get(gateways, keyOf(gateway)),
      routes: new Map(routes.map((route) => [route.metadata.name, cache.get(httpRoutes, keyOf(route))])),
    });
  if (problem !== undefined) return waiting(problem, { pollAfterMs });
  scope.edgeServes = true;
  // It serves without them, and the catalog leads there.
  if (limits.problem !== undefined) return waiting(limits.problem, { pollAfterMs });
  return settled({ message: said(edge, hop, limits) });
}

function said({ hostnames, className }: EdgeWish, hop: EdgeHop, { absence }: EdgeLimits): string {
  const how = hop === "mesh" ? "by mutual TLS" : "in clear text inside the cluster";
  const names = hostnames.map((name) => `https://${name}`).join(", ");
  const without = absence === undefined ? "" : `; no limits are enforced there and no tokens checked: ${absence}`;
  return `${names} by a Gateway of class ${className}, which calls the services ${how}${without}`;
}

/** How the routes that are there lead; undefined where there are none. */
function hopNow({ cache }: CloudScope, { cloud }: CloudDeployment): EdgeHop | undefined {
  const [name = ""] = edgeNames(cloud).routes;
  const route = cache.get(httpRoutes, { namespace: cloud.metadata.namespace ?? "", name });
  const backend = route?.spec?.rules?.[0]?.backendRefs?.[0]?.name;
  if (backend === undefined) return undefined;
  return backend === meshName(partName(cloud, "keystone")) ? "mesh" : "clear";
}

/** Whether an edge is wanted, or there still: so long its proxies are let in. */
export function edgeStands({ cache, deps }: CloudScope, { cloud, edge }: CloudDeployment): boolean {
  if (edge !== undefined) return true;
  const key = { namespace: cloud.metadata.namespace ?? "", name: edgeNames(cloud).gateway };
  return deps.platform.gateways && isOwn(cache.get(gateways, key), cloud);
}

/** Takes an edge away that is wanted no more, once the catalog leads nobody there. */
export async function removeEdge(scope: CloudScope, { cloud, edge }: CloudDeployment): Promise<Outcome> {
  const { cache, deps } = scope;
  if (edge !== undefined || !deps.platform.gateways) return settled();
  const { gateway, routes } = edgeNames(cloud);
  // Its proxies serve by their routes until the last of them has drained.
  if (await removeOwn(scope, gateways, gateway)) return settled();
  // Where we may not read them there are none of ours, and nobody waits for it who has no edge.
  if (!cache.hasSynced(httpRoutes, cloud.metadata.namespace)) return settled();
  for (const name of routes) await removeOwn(scope, httpRoutes, name);
  await removeEdgeLimits(scope);
  return settled();
}
