import { createHash } from "node:crypto";
import {
  type CoreSecret,
  coreSecrets,
  dataSources,
  dataVolumes,
  namespaces,
  networkPolicies,
  persistentVolumeClaims,
  pods,
  resourceQuotas,
  roleBindings,
  roles,
  serviceAccounts,
  services,
  virtualMachineClusterInstancetypes,
  virtualMachineInstances,
  virtualMachines,
} from "#operator/api/foreign.ts";
import { clouds, flavors, GROUP, images, projects, secrets, servers } from "#operator/api/resources.ts";
import { limitRanges } from "#operator/project/resources.ts";
import { type KubeObject, keyOf, keyText } from "#runtime/api/object.ts";
import { type Resource, resourceName } from "#runtime/api/resource.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";
import type { Thing, Told } from "./world.ts";

/** What the operator makes, and what others make for it. Events are not among it: they tell what happened, not what is. */
const kinds: readonly Resource[] = [
  ...[clouds, projects, flavors, images, secrets, servers],
  ...[
    namespaces,
    roles,
    roleBindings,
    resourceQuotas,
    limitRanges,
    networkPolicies,
    coreSecrets,
    services,
    serviceAccounts,
  ],
  ...[virtualMachineClusterInstancetypes, virtualMachines, virtualMachineInstances, pods],
  ...[dataVolumes, dataSources, persistentVolumeClaims],
];
/** Made and named by others, by rules of their own: that they are there and whose they are is all that counts. */
const OTHERS: ReadonlySet<string> = new Set(["Pod", "PersistentVolumeClaim", "VirtualMachineInstance"]);

/** The objects of the tests: those of a namespace or name with this in it. */
export async function kubernetesTold(kube: KubeClient, prefix: string): Promise<Told> {
  const lists = await Promise.all(
    kinds.map(async (resource) => ({ resource, objects: await kube.list<KubeObject>(resource) })),
  );
  const ids = new Map<string, string>();
  const things: Thing[] = [];
  for (const { resource, objects } of lists) {
    for (const object of objects) {
      const key = keyText(keyOf(object));
      if (!key.includes(prefix)) continue;
      const name = key.replace(/(virt-launcher-.*-)[a-z0-9]{5}$/, "$1*");
      ids.set(object.metadata.uid, `<uid of ${resource.kind} ${name}>`);
      things.push({ what: `Kubernetes ${resourceName(resource)}`, name, is: described(resource, object) });
    }
  }
  return { things, ids };
}

function described(resource: Resource, object: KubeObject): unknown {
  const { labels, annotations, finalizers, ownerReferences, generation, deletionTimestamp } = object.metadata;
  const { metadata: _metadata, status, data, ...rest } = object as KubeObject & Pick<CoreSecret, "data">;
  const phase = (status as { readonly phase?: string } | undefined)?.phase;
  const common = { ownerReferences, ...(deletionTimestamp === undefined ? {} : { deleting: true }) };
  if (OTHERS.has(resource.kind)) return { ...common, phase };
  if (resource.group === GROUP)
    return { ...rest, ...common, labels, annotations, finalizers, generation, status: withoutCounts(status) };
  return { ...rest, ...common, labels, annotations, finalizers, phase, ...(data === undefined ? {} : contents(data)) };
}

/** Flavors and Images count who uses them every half minute and at each start: a number that is late by design. */
function withoutCounts(status: unknown): unknown {
  const { usedBy: _usedBy, servers: _servers, ...rest } = (status ?? {}) as Readonly<Record<string, unknown>>;
  return rest;
}

/** What a core Secret holds, so that nobody can read it and yet it can be told whether it is a payload of Barbican's. */
function contents(data: NonNullable<CoreSecret["data"]>): { readonly data: unknown } {
  const told = Object.entries(data).map(([key, value]) => {
    const bytes = Buffer.from(value, "base64");
    return [key, `${contentOf(bytes)}, ${bytes.length} bytes`];
  });
  return { data: Object.fromEntries(told) };
}

export function contentOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
