import { CONTROLLER_NAME, childName, type Gateway, type GatewayClass } from "#operator/api/gateway-api.ts";
import type { Entry } from "#operator/clients/spire/entry.ts";
import { PROXY_CONTAINER } from "#operator/envoy/envoy.ts";
import type { EntryOwner } from "#operator/registration/entry-id.ts";
import { workloadEntry } from "#operator/registration/workload.ts";
import type { KubeObject } from "#runtime/api/object.ts";
import { nameProblem } from "./names.ts";
import { ownershipOf } from "./ownership.ts";

/** One owner for the entries of all Gateways: a Gateway has no finalizer of ours, so whoever looks next misses it. */
export const ENTRIES: EntryOwner = "gateways";

/**
 * The Gateways whose proxies are somebody: whose ServiceAccount is theirs, and whose class is no other controller's. A class that is
 * not there says nothing, as when it is deleted by mistake. Pure.
 *
 * @param accounts those that we made
 */
export function identifiedAmong(
  gateways: readonly Gateway[],
  classes: readonly GatewayClass[],
  accounts: readonly KubeObject[],
): readonly Gateway[] {
  const controllers = new Map(classes.map(({ metadata, spec }) => [metadata.name, spec?.controllerName]));
  const own = new Map(accounts.map((account) => [`${account.metadata.namespace}/${account.metadata.name}`, account]));
  return gateways.filter((gateway) => {
    const { namespace = "", name } = gateway.metadata;
    const controller = controllers.get(gateway.spec?.gatewayClassName ?? "") ?? CONTROLLER_NAME;
    return (
      controller === CONTROLLER_NAME && ownershipOf(own.get(`${namespace}/${childName(name)}`), gateway) === "ours"
    );
  });
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
