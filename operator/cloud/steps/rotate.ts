import { coreSecrets } from "#operator/api/foreign.ts";
import { keyOf } from "#runtime/api/object.ts";
import { timeText } from "#runtime/api/time.ts";
import { type Outcome, settled } from "#runtime/controller/outcome.ts";
import { keystone } from "../children/keystone.ts";
import { secretData } from "../children/metadata.ts";
import { decideFernet } from "../decide/fernet.ts";
import { rolloutOf } from "../decide/rollout.ts";
import type { CloudDeployment } from "../deployment.ts";
import { ANSWERED_REQUEST, USED_SINCE, usedSince } from "../key-status.ts";
import { secretNames } from "../names.ts";
import { deployments } from "../resources.ts";
import type { CloudScope } from "../scope.ts";

/** Rotates the Fernet keys when they are due and nobody is locked out by it. */
export async function rotateFernet(scope: CloudScope, deployment: CloudDeployment): Promise<Outcome> {
  const { cache, custody, kube, now } = scope;
  const { cloud, identity } = deployment;
  const key = { namespace: cloud.metadata.namespace ?? "", name: secretNames.fernet(cloud) };
  const secret = cache.get(coreSecrets, key);
  if (custody === undefined || secret === undefined) throw new Error("the keys are held before they are rotated");
  const keys = custody.values("fernet");
  const decision = decideFernet({
    keys,
    usedSince: usedSince(secret),
    now,
    everyMs: identity.rotateEveryMs,
    requestedAt: identity.rotationRequestedAt,
    answeredRequest: secret.metadata.annotations?.[ANSWERED_REQUEST],
    tokenLifetimeMs: identity.tokenLifetimeMs,
    replicasUp: rolloutOf(cache.get(deployments, keyOf(keystone(deployment)))).complete,
  });
  const nextRotation = timeText(decision.nextAt);
  const pollAfterMs = Math.max(1_000, decision.nextAt.getTime() - now.getTime());
  // Of a rotation that is refused nobody knows when it comes.
  if (decision.kind !== "refuse") noteNext(scope, nextRotation);
  if (decision.kind === "keep") return settled({ message: `Fernet keys rotate next at ${nextRotation}`, pollAfterMs });
  if (decision.kind === "refuse")
    return settled({ message: `The rotation of the Fernet keys waits: ${decision.because}`, pollAfterMs });
  const dropped = Object.keys(keys).filter((name) => decision.keys[name] === undefined);
  // A merge patch with the version that was read: it takes out what is dropped, and never meets another's change.
  await kube.mergePatch(coreSecrets, key, {
    metadata: {
      resourceVersion: secret.metadata.resourceVersion,
      annotations: {
        [USED_SINCE]: JSON.stringify(decision.usedSince),
        [ANSWERED_REQUEST]: identity.rotationRequestedAt ?? null,
      },
    },
    data: { ...secretData(decision.keys), ...Object.fromEntries(dropped.map((name) => [name, null])) },
  });
  const active = Object.keys(decision.keys).length;
  scope.event("Normal", "KeysRotated", `Fernet keys rotated: ${active} are held, ${dropped.length} were dropped`);
  return settled({ message: `Fernet keys rotated; next at ${nextRotation}`, pollAfterMs: 1_000 });
}

function noteNext(scope: CloudScope, nextRotation: string): void {
  scope.keys = scope.keys?.map((key) => (key.name === "fernet" ? { ...key, nextRotation } : key));
}
