import { type CoreSecret, coreSecrets } from "#operator/api/foreign.ts";
import { type Outcome, settled } from "#runtime/controller/outcome.ts";
import { webServiceName } from "../children/web-service.ts";
import type { Values } from "../decide/key-table.ts";
import { rolloutOf } from "../decide/rollout.ts";
import { decideRotation, usedKey } from "../decide/rotation.ts";
import type { CloudDeployment } from "../deployment.ts";
import { ANSWERED_REQUEST, REWRAPPED, rewrappedOf, USED_SINCE, usedSince } from "../key-status.ts";
import { secretNames } from "../names.ts";
import { deployments } from "../resources.ts";
import { type Rotation, rotations } from "../rotations.ts";
import type { CloudScope } from "../scope.ts";
import { changePasswords } from "./change-passwords.ts";
import { nextKeyUnknown } from "./edge-limits.ts";
import { runJob } from "./jobs.ts";
import { rotateLogins } from "./rotate-logins.ts";
import { type Change, changeSecret, noteNext, type Rotated, untilMs } from "./rotated.ts";

/** Rotates each kind of key and login when it is due and nobody is locked out by it. */
export async function rotateKeys(scope: CloudScope, deployment: CloudDeployment): Promise<Outcome> {
  const done: Rotated[] = [];
  // One kind that is in trouble holds up none of the others.
  let trouble: Outcome | undefined;
  for (const rotation of rotations(deployment)) {
    const outcome = await rotate(scope, deployment, rotation);
    if ("kind" in outcome) trouble ??= outcome;
    else done.push(outcome);
  }
  done.push(...(await rotateLogins(scope, deployment)));
  done.push(...(await changePasswords(scope, deployment)));
  if (trouble !== undefined) return trouble;
  const pollAfterMs = Math.min(...done.map((each) => each.pollAfterMs));
  return settled({ message: done.map(({ said }) => said).join("; "), pollAfterMs });
}

async function rotate(scope: CloudScope, deployment: CloudDeployment, rotation: Rotation): Promise<Rotated | Outcome> {
  const { cache, custody, now } = scope;
  const { name, called, schedule, repository, reader, needed, rewrap } = rotation;
  const namespace = deployment.cloud.metadata.namespace ?? "";
  const secret = cache.get(coreSecrets, { namespace, name: secretNames[name](deployment.cloud) });
  if (custody === undefined || secret === undefined) throw new Error("the keys are held before they are rotated");
  const values = custody.values(name);
  const keys = repository.read(values);
  const state = { usedSince: usedSince(secret, usedKey(keys)), now, rewrapped: rewrappedOf(secret) };
  const pods = cache.get(deployments, { namespace, name: webServiceName(deployment, reader) });
  const decision = decideRotation({
    keys,
    usedSince: state.usedSince,
    now,
    everyMs: schedule.everyMs,
    requestedAt: schedule.requestedAt,
    answeredRequest: secret.metadata.annotations?.[ANSWERED_REQUEST],
    readersUp: rolloutOf(pods).complete,
    unknown: name === "jws" ? nextKeyUnknown(scope, deployment, values) : undefined,
    needed: (number) => needed(number, state),
    make: repository.make,
    most: repository.most,
    ...(rewrap === undefined ? {} : { rewrapped: state.rewrapped }),
  });
  const pollAfterMs = untilMs(decision.nextAt, scope);
  // Of a rotation that is refused nobody knows when it comes.
  if (decision.kind === "refuse") return { said: `the rotation of ${called} waits: ${decision.because}`, pollAfterMs };
  const at = noteNext(scope, name, decision.nextAt);
  switch (decision.kind) {
    case "keep":
      return { said: `${called} rotate next at ${at}`, pollAfterMs };
    case "rewrap":
      return bringTo(scope, rotation, secret, keys, decision.number);
    case "rotate":
      await changeSecret(scope, secret, changeOf(values, repository.write(decision.keys)), {
        [USED_SINCE]: JSON.stringify(decision.usedSince),
        [ANSWERED_REQUEST]: decision.answered ?? null,
      });
      scope.event("Normal", "KeysRotated", `${called} rotated: ${Object.keys(decision.keys).length} are held`);
      return { said: `${called} rotated; next at ${at}`, pollAfterMs: 1_000 };
    default:
      return decision satisfies never;
  }
}

/** Values as they are to be, and those that go. */
function changeOf(before: Values, after: Values): Change {
  const dropped = Object.keys(before).filter((name) => after[name] === undefined);
  return { ...after, ...Object.fromEntries(dropped.map((name) => [name, null])) };
}

/** Brings what is stored to the key that is used, and notes it. What fails is no reason to stop what serves. */
async function bringTo(
  scope: CloudScope,
  { called, rewrap }: Rotation,
  secret: CoreSecret,
  keys: Values,
  number: number,
): Promise<Rotated | Outcome> {
  if (rewrap === undefined) throw new Error(`nothing is stored by ${called}`);
  const outcome = await runJob(scope, rewrap.task, rewrap.job(keys));
  if (outcome.kind === "waiting" && outcome.reason === undefined)
    return { said: `${called}: waiting for ${outcome.for}`, pollAfterMs: outcome.pollAfterMs ?? 1_000 };
  if (outcome.kind !== "settled") return outcome;
  await changeSecret(scope, secret, {}, { [REWRAPPED]: String(number) });
  scope.event("Normal", "KeysUsed", `all that is stored by ${called} is encrypted by key ${number}`);
  return { said: `${called}: all that is stored is encrypted by key ${number}`, pollAfterMs: 1_000 };
}
