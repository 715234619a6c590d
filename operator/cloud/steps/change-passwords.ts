import { coreSecrets } from "#operator/api/foreign.ts";
import { SECRETS_KEPT_MS } from "#operator/clients/cloud-access.ts";
import { timeText } from "#runtime/api/time.ts";
import { decidePassword } from "../decide/changed-password.ts";
import { password } from "../decide/key-table.ts";
import type { CloudDeployment } from "../deployment.ts";
import { ANSWERED_REQUEST, NEXT_SINCE, nextSince, presentSince, USED_SINCE } from "../key-status.ts";
import { type KeyName, secretNames } from "../names.ts";
import type { CloudScope } from "../scope.ts";
import { changeSecret, keystoneOf, noteNext, type Rotated, untilMs } from "./rotated.ts";
import { DEFAULT_DOMAIN } from "./service-user.ts";

/**
 * Users that stay who they are: secrets that are closed to their project are the operator's in Barbican, and who breaks the
 * glass is to find the administrator's name where it always was.
 */
const users: readonly { readonly name: KeyName; readonly called: string }[] = [
  { name: "operator", called: "the operator's password" },
  { name: "administrator", called: "the administrator's password" },
];

/** Programs of ours read it anew within that time; and there are clocks that differ. */
const KNOWN_AFTER_MS = SECRETS_KEPT_MS + 10_000;

/** Changes each password that is due: the next one stands in the core Secret before it counts. */
export async function changePasswords(scope: CloudScope, deployment: CloudDeployment): Promise<readonly Rotated[]> {
  const done: Rotated[] = [];
  for (const { name, called } of users) done.push(await change(scope, deployment, name, called));
  return done;
}

async function change(
  scope: CloudScope,
  { cloud, rotation }: CloudDeployment,
  name: KeyName,
  called: string,
): Promise<Rotated> {
  const { cache, custody, now } = scope;
  const { everyMs, requestedAt } = rotation.passwords;
  const secret = cache.get(coreSecrets, { namespace: cloud.metadata.namespace ?? "", name: secretNames[name](cloud) });
  if (custody === undefined || secret === undefined) throw new Error("the keys are held before passwords change");
  const { username = "", next } = custody.values(name);
  const decision = decidePassword({
    since: new Date(presentSince(secret)),
    now,
    everyMs,
    requestedAt,
    answeredRequest: secret.metadata.annotations?.[ANSWERED_REQUEST],
    next: next === undefined ? undefined : { announcedAt: nextSince(secret) },
    knownAfterMs: KNOWN_AFTER_MS,
  });
  const at = noteNext(scope, name, decision.nextAt);
  const pollAfterMs = untilMs(decision.nextAt, scope);
  switch (decision.kind) {
    case "keep":
      return { said: `${called} changes next at ${at}`, pollAfterMs };
    case "announce":
      await changeSecret(
        scope,
        secret,
        { next: next ?? password() },
        { [NEXT_SINCE]: timeText(now), [ANSWERED_REQUEST]: requestedAt ?? null },
      );
      return { said: `${called}: the next one is told, and counts from ${at}`, pollAfterMs: 1_000 };
    case "wait":
      return { said: `${called}: the next one counts from ${at}`, pollAfterMs };
    case "change": {
      const keystone = keystoneOf(scope).users;
      const user = await keystone.findByName(DEFAULT_DOMAIN, username);
      if (user === undefined) {
        const said = `${called} cannot change: Keystone has no user ${username} in its first domain`;
        return { said: `${said}; make it anew with the role admin, or restore a backup`, pollAfterMs: KNOWN_AFTER_MS };
      }
      // Cut off here, it is done again: whoever logs in tries both.
      await keystone.update(user.id, { password: next ?? "" });
      await changeSecret(
        scope,
        secret,
        { password: next ?? "", next: null },
        { [USED_SINCE]: JSON.stringify({ "1": timeText(now) }), [NEXT_SINCE]: null },
      );
      scope.event("Normal", "PasswordChanged", `${called} is another`);
      return { said: `${called} changed; next at ${at}`, pollAfterMs: 1_000 };
    }
    default:
      return decision satisfies never;
  }
}
