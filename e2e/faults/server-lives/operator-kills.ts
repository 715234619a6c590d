import { systemNamespace } from "#e2e/cluster/nephele-objects.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import type { RealGuests } from "#e2e/scenarios/real-guests.ts";
import { type Pod, pods } from "#operator/api/foreign.ts";
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
 * The operator that leads and works.
 * @param notBefore the moment of the kill before: only who has renewed the Lease since then is at work
 */
export async function leaderAtWork({ bed }: RealGuests, notBefore: Date): Promise<Pod> {
  return await eventually(
    "an operator that leads",
    async () => {
      const { holderIdentity, renewTime } = (await bed.kube.get(leases, LEASE))?.spec ?? {};
      if (holderIdentity == null || renewTime === undefined || new Date(renewTime) <= notBefore) return undefined;
      return await bed.kube.get(pods, { namespace: systemNamespace, name: holderIdentity });
    },
    { withinMs: TAKEOVER_MS },
  );
}

/**
 * Kills an operator, all of its processes by SIGKILL, so that it has no last word. Its pod goes too: kubelet would make the
 * next start wait longer with each kill.
 */
export async function killOperator({ node }: RealGuests, operator: Pod): Promise<void> {
  const { name, uid } = operator.metadata;
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
}
