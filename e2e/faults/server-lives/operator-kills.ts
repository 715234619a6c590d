import { systemNamespace } from "#e2e/cluster/nephele-objects.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import type { RealGuests } from "#e2e/scenarios/real-guests.ts";
import { pods } from "#operator/api/foreign.ts";
import type { KubeObject } from "#runtime/api/object.ts";
import { defineResource } from "#runtime/api/resource.ts";

const leases = defineResource<KubeObject<{ readonly holderIdentity?: string | null; readonly renewTime?: string }>>({
  group: "coordination.k8s.io",
  version: "v1",
  plural: "leases",
  kind: "Lease",
  namespaced: true,
});
const LEASE = { namespace: systemNamespace, name: "nephele-operator" };
const TAKEOVER_MS = 180_000;

/**
 * Kills the operator that leads, all of its processes by SIGKILL, so that it has no last word. Its pod goes too: kubelet
 * would make the next start wait longer with each kill.
 * @param notBefore the moment of the kill before: only who has renewed the Lease since then is at work
 * @returns the pod's name
 */
export async function killLeader({ bed, node }: RealGuests, notBefore: Date): Promise<string> {
  const leader = await eventually(
    "an operator that leads",
    async () => {
      const { holderIdentity, renewTime } = (await bed.kube.get(leases, LEASE))?.spec ?? {};
      if (holderIdentity == null || renewTime === undefined || new Date(renewTime) <= notBefore) return undefined;
      return await bed.kube.get(pods, { namespace: systemNamespace, name: holderIdentity });
    },
    { withinMs: TAKEOVER_MS },
  );
  const { name, uid } = leader.metadata;
  const killed = await node.inside(
    "/bin/sh",
    "-c",
    `for p in /proc/[0-9]*; do grep -qs "pod${uid}" $p/cgroup && kill -KILL "\${p#/proc/}" && echo killed; done; true`,
  );
  if (!killed.includes("killed")) throw new Error(`pod ${name} had no process to kill`);
  await node.run(
    "delete",
    "pod",
    name,
    `--namespace=${systemNamespace}`,
    "--force",
    "--grace-period=0",
    "--wait=false",
  );
  return name;
}
