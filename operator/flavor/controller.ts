import { virtualMachineClusterInstancetypes } from "#operator/api/foreign.ts";
import type { Flavor } from "#operator/api/generated/flavor.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { flavors, servers } from "#operator/api/resources.ts";
import { alreadyApplied } from "#runtime/client/applied.ts";
import {
  type Controller,
  defineController,
  index,
  type ReconcileContext,
  watch,
} from "#runtime/controller/definition.ts";
import { invalid, type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { instancetypeFor, instancetypeName, isOurs } from "./children.ts";

/**
 * How often Servers are counted again. They do not wake their Flavor: a thousand new Servers would be a thousand
 * writes of one number.
 */
export const COUNT_EVERY_MS = 30_000;

const SERVERS_OF_FLAVOR = "flavor:servers";

interface Scope {
  readonly context: ReconcileContext<Flavor>;
  /** Servers that name the Flavor, as the cache has them. */
  readonly usedBy: number;
  /** Set when the instancetype is as it should be. */
  instancetype?: string;
}

export function flavorController(): Controller {
  return defineController<Flavor, Scope>({
    name: "flavor",
    reconciles: flavors,
    watches: [
      watch(virtualMachineClusterInstancetypes, ({ metadata }) =>
        metadata.name.startsWith("nephele-") ? [{ name: metadata.name.slice("nephele-".length) }] : [],
      ),
    ],
    indexes: [index<Server>(servers, SERVERS_OF_FLAVOR, (server) => [server.spec.flavorRef.name])],
    scope: (context) => ({
      context,
      usedBy: context.cache.byIndex(servers, SERVERS_OF_FLAVOR, context.object.metadata.name).length,
    }),
    steps: [ensureInstancetype],
    status: ({ context, usedBy, instancetype }) => ({
      fields: { ...definedInstancetype(instancetype ?? context.object.status?.instancetype), usedBy },
    }),
  });
}

async function ensureInstancetype(scope: Scope): Promise<Outcome> {
  const { object: flavor, cache, kube } = scope.context;
  const name = instancetypeName(flavor);
  const current = cache.get(virtualMachineClusterInstancetypes, { name });
  if (current !== undefined && !isOurs(current, flavor)) {
    if (current.metadata.deletionTimestamp !== undefined || belongsToFormer(current.metadata.ownerReferences, flavor))
      return waiting(`VirtualMachineClusterInstancetype ${name} of an earlier Flavor ${flavor.metadata.name} to go`);
    return invalid(
      "metadata.name",
      `VirtualMachineClusterInstancetype ${name} exists and does not belong to this Flavor: delete it or choose another name`,
    );
  }
  const desired = instancetypeFor(flavor);
  if (current === undefined || !alreadyApplied(current, desired)) {
    await kube.apply(virtualMachineClusterInstancetypes, desired, {
      fieldOwner: scope.context.fieldOwner("instancetype"),
      force: true,
    });
    if (current !== undefined)
      scope.context.event(
        "Warning",
        "Corrected",
        `VirtualMachineClusterInstancetype ${name} was changed from outside and is corrected`,
      );
    else if (flavor.status?.instancetype !== undefined)
      scope.context.event(
        "Warning",
        "Recreated",
        `VirtualMachineClusterInstancetype ${name} was deleted from outside and is made again`,
      );
  }
  scope.instancetype = name;
  return settled({ message: `VirtualMachineClusterInstancetype ${name} is there`, pollAfterMs: COUNT_EVERY_MS });
}

/** Whether the owner is a Flavor of the same name that is gone: what it owned is on its way out. */
function belongsToFormer(owners: Flavor["metadata"]["ownerReferences"], flavor: Flavor): boolean {
  return owners?.some((owner) => owner.kind === flavor.kind && owner.name === flavor.metadata.name) === true;
}

function definedInstancetype(instancetype: string | undefined): { readonly instancetype?: string } {
  return instancetype === undefined ? {} : { instancetype };
}
