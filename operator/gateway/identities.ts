import type { Entry } from "#operator/clients/spire/entry.ts";
import { PROXY_CONTAINER } from "#operator/envoy/envoy.ts";
import type { EntryOwner } from "#operator/registration/entry-id.ts";
import { workloadEntry } from "#operator/registration/workload.ts";
import { childName, nameProblem } from "./names.ts";
import { CONTROLLER_NAME, type Gateway, type GatewayClass } from "./resources.ts";

/** One owner for the entries of all Gateways: a Gateway has no finalizer of ours, so whoever looks next misses it. */
export const ENTRIES: EntryOwner = "gateways";

/** The Gateways whose class is ours. */
export function oursAmong(gateways: readonly Gateway[], classes: readonly GatewayClass[]): readonly Gateway[] {
  const ours = new Set(
    classes.filter(({ spec }) => spec?.controllerName === CONTROLLER_NAME).map(({ metadata }) => metadata.name),
  );
  return gateways.filter(({ spec }) => ours.has(spec?.gatewayClassName ?? ""));
}

/** What SPIRE is to know of the proxies of Gateways. Pure. */
export function entriesOf(trustDomain: string, gateways: readonly Gateway[]): readonly Entry[] {
  return gateways
    .filter(({ metadata }) => nameProblem(metadata.name) === undefined)
    .map(({ metadata: { namespace = "", name } }) =>
      workloadEntry(trustDomain, ENTRIES, {
        // Names of namespaces have no dot.
        name: `${namespace}.${name}`,
        namespace,
        serviceAccount: childName(name),
        container: PROXY_CONTAINER,
      }),
    )
    .toSorted((one, other) => (one.id < other.id ? -1 : 1));
}
