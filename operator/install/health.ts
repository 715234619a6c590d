import type { Condition } from "#runtime/api/conditions.ts";

/** As much of a Lease's spec (coordination.k8s.io/v1) as says who leads. */
export interface Lease {
  readonly holderIdentity?: string;
  readonly renewTime?: string;
  readonly leaseDurationSeconds?: number;
}

/** Why nobody can be said to lead; undefined while somebody does. */
export function leaderProblem(lease: Lease | undefined, now: Date): string | undefined {
  if (lease?.holderIdentity === undefined || lease.holderIdentity === "" || lease.renewTime === undefined) {
    return "no operator leads: look at the pods of the Deployment nephele-operator";
  }
  const age = (now.getTime() - Date.parse(lease.renewTime)) / 1000;
  if (age <= (lease.leaseDurationSeconds ?? 0)) return undefined;
  return `the operator ${lease.holderIdentity} has not renewed its Lease for ${age.toFixed(0)} s: look at its log`;
}

/** Why a Cloud does not work; undefined where it is Ready. */
export function cloudProblem(name: string, ready: Condition | undefined, exists: boolean): string | undefined {
  if (!exists) return `there is no Cloud ${name}`;
  if (ready === undefined) return `the Cloud ${name} says nothing of Ready yet`;
  return ready.status === "True" ? undefined : `the Cloud ${name} is not Ready: ${ready.message}`;
}
