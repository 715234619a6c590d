import { SpireError } from "#operator/clients/spire/spire-error.ts";
import { type EntryOwner, ownerOfCloud } from "#operator/registration/entry-id.ts";
import { workloadEntry } from "#operator/registration/workload.ts";
import { keyOf } from "#runtime/api/object.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { serviceAccounts as accountsOf } from "../children/accounts.ts";
import { workloadsOf } from "../children/workloads.ts";
import type { CloudDeployment } from "../deployment.ts";
import { serviceAccounts } from "../resources.ts";
import { type CloudScope, unwellPoll } from "../scope.ts";
import { applyAll } from "./apply.ts";

/** Pods that are on their way out renew by an entry that is needed no more. */
const GRACE_MS = 600_000;

/**
 * Enters the Cloud's workloads with SPIRE, and makes their ServiceAccounts after that: without an account there is no pod,
 * so none ever starts before its identity is there. While SPIRE is away all goes on whose account exists.
 */
export async function registerWorkloads(scope: CloudScope, deployment: CloudDeployment): Promise<Outcome> {
  const { spire } = scope.deps;
  const { trustDomain } = deployment.platform;
  if (spire === undefined || trustDomain === undefined) return settled();
  const owner = ownerOf(scope);
  const wanted = workloadsOf(deployment).map((workload) => workloadEntry(trustDomain, owner, workload));
  const accounts = accountsOf(deployment);
  const isKnown = accounts.every((account) => scope.cache.get(serviceAccounts, keyOf(account)) !== undefined);
  try {
    await spire.register({ owner, wanted, now: new Date(), graceMs: GRACE_MS, afresh: !isKnown });
  } catch (error) {
    if (!(error instanceof SpireError)) throw error;
    return isKnown ? goOn(scope, error) : refused(scope, error);
  }
  await applyAll(scope, accounts);
  const custody = spire.rootOnDisk ? ", whose root has its key on disk: for trials" : "";
  return settled({ message: `${wanted.length} workloads are registered in ${trustDomain}${custody}` });
}

/** Takes the Cloud's entries away, once its pods are gone. */
export async function forgetWorkloads(scope: CloudScope): Promise<Outcome> {
  const { spire } = scope.deps;
  if (spire === undefined || scope.deployment === undefined) return settled();
  try {
    await spire.forget(ownerOf(scope));
    return settled();
  } catch (error) {
    if (!(error instanceof SpireError)) throw error;
    return refused(scope, error);
  }
}

/** Nothing new is registered; what is serves until its SVIDs end, as their renewal is SPIRE's too. */
function goOn(scope: CloudScope, { message }: SpireError): Outcome {
  const { expiry } = scope.deps.spire ?? {};
  const until = expiry === undefined ? "" : `: the operator's own until ${expiry.toISOString()}`;
  const awaited = `SPIRE's server (${message}). What it has issued is good until it expires${until}`;
  scope.results.set("WorkloadsRegistered", waiting(awaited, { reason: "TransientError" }));
  return settled({ pollAfterMs: unwellPoll(scope) });
}

function refused(scope: CloudScope, { message }: SpireError): Outcome {
  return waiting(`SPIRE's server (${message})`, { reason: "TransientError", pollAfterMs: unwellPoll(scope) });
}

function ownerOf({ object: { metadata } }: CloudScope): EntryOwner {
  return ownerOfCloud({ namespace: metadata.namespace ?? "", name: metadata.name });
}
