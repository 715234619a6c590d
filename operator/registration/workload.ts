import { accountId } from "#operator/account-id.ts";
import type { Entry } from "#operator/clients/spire/entry.ts";
import { type EntryOwner, entryId } from "./entry-id.ts";

/** The name of this cluster in the attestation of nodes; in the configuration of server and agents (charts/nephele), too. */
export const CLUSTER = "nephele";

/** A container of the platform's pods that is somebody. */
export interface Workload {
  /** Of its entry, among its owner's. */
  readonly name: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  /** The account by whose name it is known, where its own is shared with others; default its own. */
  readonly knownAs?: string;
  /** Others of the same pod are nobody. */
  readonly container: string;
  /** What its pods are told by beside, where others have the account too; so each owner has an entry of its own. */
  readonly podLabels?: Readonly<Record<string, string>>;
}

/** The alias by which all nodes of the cluster are one parent, so that an entry need not know where its pod will run. */
export function nodesEntry(trustDomain: string, owner: EntryOwner): Entry {
  return {
    id: entryId(owner, "nodes"),
    spiffeId: nodesId(trustDomain),
    parentId: `spiffe://${trustDomain}/spire/server`,
    selectors: [`k8s_psat:cluster:${CLUSTER}`],
  };
}

/** SPIFFE IDs that cannot be reused: of a namespace that is the platform's, and a ServiceAccount of one part. */
export function workloadEntry(trustDomain: string, owner: EntryOwner, workload: Workload): Entry {
  const { name, namespace, serviceAccount, knownAs = serviceAccount, container, podLabels = {} } = workload;
  return {
    id: entryId(owner, name),
    spiffeId: accountId(trustDomain, namespace, knownAs),
    parentId: nodesId(trustDomain),
    selectors: [
      ...[`k8s:ns:${namespace}`, `k8s:sa:${serviceAccount}`, `k8s:container-name:${container}`],
      ...Object.entries(podLabels).map(([label, value]) => `k8s:pod-label:${label}:${value}`),
    ],
  };
}

function nodesId(trustDomain: string): string {
  return `spiffe://${trustDomain}/nodes/${CLUSTER}`;
}
