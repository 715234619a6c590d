import { isDeepStrictEqual } from "node:util";
import { type Condition, mergeConditions, type NewCondition } from "#runtime/api/conditions.ts";
import type { KubeObject } from "#runtime/api/object.ts";
import type { Resource } from "#runtime/api/resource.ts";
import {
  gatewayClasses,
  gateways,
  grpcRoutes,
  httpRoutes,
  type RouteParentStatus,
  tlsRoutes,
} from "../cluster-view/kinds.ts";
import type { PolicySays } from "../cluster-view/mesh-view.ts";
import {
  accessPolicies,
  backendTlsPolicies,
  deniedIdentities,
  edgePolicies,
  type PolicyAncestorStatus,
} from "../cluster-view/policy-kinds.ts";
import { supportedFeatures } from "../cluster-view/supported-features.ts";
import { controllerName, type View } from "../cluster-view/view.ts";
import { withRejections } from "./programmed.ts";
import type { Rejections } from "./rejections.ts";

/** A status that differs from what the object has. */
export interface StatusWrite {
  readonly resource: Resource;
  readonly object: KubeObject;
  readonly status: Readonly<Record<string, unknown>>;
}

const routeResources = { HTTPRoute: httpRoutes, GRPCRoute: grpcRoutes, TLSRoute: tlsRoutes } as const;

/** Who we are among the controllers that say something about policies. */
const meshController = "nephele.dev/mesh";

/** What is to be written so that the objects say what the view does: nothing where they do already. */
export function statusWrites(view: View, now: Date, rejections: Rejections): readonly StatusWrite[] {
  const writes: StatusWrite[] = [];
  const add = (resource: Resource, object: KubeObject, status: Readonly<Record<string, unknown>>): void => {
    const held = (object.status ?? {}) as Readonly<Record<string, unknown>>;
    if (Object.entries(status).some(([field, value]) => !isDeepStrictEqual(held[field], value))) {
      writes.push({ resource, object, status });
    }
  };
  for (const { gatewayClass, conditions } of view.classes) {
    add(gatewayClasses as Resource, gatewayClass, {
      conditions: merged(gatewayClass, gatewayClass.status?.conditions, conditions, now),
      supportedFeatures: supportedFeatures.map((name) => ({ name })),
    });
  }
  for (const { gateway, conditions, addresses, listeners } of view.gateways) {
    const held = gateway.status?.listeners ?? [];
    add(gateways as Resource, gateway, {
      conditions: merged(gateway, gateway.status?.conditions, conditions, now),
      // Of proxies that somebody else runs nothing is said, and none are none.
      ...(addresses === undefined || (addresses.length === 0 && gateway.status?.addresses === undefined)
        ? {}
        : { addresses }),
      listeners: listeners.map((listener) => {
        const before = held.find(({ name }) => name === listener.name)?.conditions;
        return { ...listener, conditions: merged(gateway, before, listener.conditions, now) };
      }),
    });
  }
  for (const { route, kind, parents } of view.routes) {
    // The list is one field for all controllers: what others say stays.
    const held = route.status?.parents ?? [];
    const others = held.filter((parent) => parent.controllerName !== controllerName);
    const own = parents.map(({ parentRef, conditions }): RouteParentStatus => {
      const before = held.find(
        (each) => each.controllerName === controllerName && isDeepStrictEqual(each.parentRef, parentRef),
      );
      return { parentRef, controllerName, conditions: merged(route, before?.conditions, conditions, now) };
    });
    add(routeResources[kind] as Resource, route, { parents: [...others, ...own] });
  }
  for (const { policy, gateways: by, conditions } of view.backendTls) {
    const own = by.map(({ namespace, name }) => ({
      ancestorRef: { group: "gateway.networking.k8s.io", kind: "Gateway", namespace, name },
      next: () => conditions,
    }));
    const ancestors = ancestorsOf(policy, controllerName, own, now);
    if (ancestors.length > 0 || policy.status?.ancestors !== undefined) {
      add(backendTlsPolicies as Resource, policy, { ancestors });
    }
  }
  const addPolicy = (resource: Resource, controller: string, { policy, targets }: PolicySays<KubeObject>): void => {
    const own = targets.map(({ targetRef, conditions, proxies }) => ({
      ancestorRef: targetRef,
      next: (before: readonly Condition[] | undefined) => withRejections(conditions, before, proxies, rejections, now),
    }));
    add(resource, policy, { ancestors: ancestorsOf(policy as PolicyObject, controller, own, now) });
  };
  for (const says of view.policies) addPolicy(accessPolicies as Resource, meshController, says);
  for (const says of view.edgePolicies) addPolicy(edgePolicies as Resource, controllerName, says);
  const all = [...view.mesh.proxies.keys()];
  for (const { denial, conditions } of view.denials) {
    const before = denial.status?.conditions;
    const next = withRejections(conditions, before, all, rejections, now);
    add(deniedIdentities as Resource, denial, { conditions: merged(denial, before, next, now) });
  }
  return writes;
}

type PolicyObject = KubeObject<unknown, { readonly ancestors?: readonly PolicyAncestorStatus[] }>;

/** As the kinds have it. */
const ancestorsAtMost = 16;

interface OwnAncestor {
  readonly ancestorRef: PolicyAncestorStatus["ancestorRef"];
  readonly next: (before: readonly Condition[] | undefined) => readonly NewCondition[];
}

/** What is said of a policy. The list is one field for all controllers: what others say stays. */
function ancestorsOf(
  policy: PolicyObject,
  controller: string,
  own: readonly OwnAncestor[],
  now: Date,
): readonly PolicyAncestorStatus[] {
  const held = policy.status?.ancestors ?? [];
  const others = held.filter((each) => each.controllerName !== controller);
  const said = own.map(({ ancestorRef, next }): PolicyAncestorStatus => {
    const before = held.find(
      (each) => each.controllerName === controller && isDeepStrictEqual(each.ancestorRef, ancestorRef),
    )?.conditions;
    return { ancestorRef, controllerName: controller, conditions: merged(policy, before, next(before), now) };
  });
  return [...others, ...said].slice(0, ancestorsAtMost);
}

function merged(
  { metadata }: KubeObject,
  before: readonly Condition[] | undefined,
  next: readonly NewCondition[],
  now: Date,
): readonly Condition[] {
  return mergeConditions(before, next, metadata.generation, now);
}
