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
import { controllerName, type View } from "../cluster-view/view.ts";

/** A status that differs from what the object has. */
export interface StatusWrite {
  readonly resource: Resource;
  readonly object: KubeObject;
  readonly status: Readonly<Record<string, unknown>>;
}

const routeResources = { HTTPRoute: httpRoutes, GRPCRoute: grpcRoutes, TLSRoute: tlsRoutes } as const;

/** What is to be written so that the objects say what the view does: nothing where they do already. */
export function statusWrites(view: View, now: Date): readonly StatusWrite[] {
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
    });
  }
  for (const { gateway, conditions, listeners } of view.gateways) {
    const held = gateway.status?.listeners ?? [];
    add(gateways as Resource, gateway, {
      conditions: merged(gateway, gateway.status?.conditions, conditions, now),
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
  return writes;
}

function merged(
  { metadata }: KubeObject,
  before: readonly Condition[] | undefined,
  next: readonly NewCondition[],
  now: Date,
): readonly Condition[] {
  return mergeConditions(before, next, metadata.generation, now);
}
