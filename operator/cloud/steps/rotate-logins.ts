import { coreSecrets, pods } from "#operator/api/foreign.ts";
import { timeText } from "#runtime/api/time.ts";
import { READ_AT_START, selectorOf, selectorText } from "../children/metadata.ts";
import type { Service } from "../children/service-config.ts";
import { webServiceName } from "../children/web-service.ts";
import { databaseLogin, databaseLogins } from "../decide/database-logins.ts";
import { password, type Values } from "../decide/key-table.ts";
import { decideLogin } from "../decide/login.ts";
import { readAtStart } from "../decide/read-at-start.ts";
import { rolloutOf } from "../decide/rollout.ts";
import type { CloudDeployment } from "../deployment.ts";
import { ANSWERED_REQUEST, presentSince, USED_SINCE } from "../key-status.ts";
import { type KeyName, secretNames } from "../names.ts";
import { deployments } from "../resources.ts";
import type { CloudScope } from "../scope.ts";
import { type Change, changeSecret, keystoneOf, noteNext, type Rotated, untilMs } from "./rotated.ts";
import { DEFAULT_DOMAIN, ensureServiceUser } from "./service-user.ts";

/** One kind of login that rotates: another takes its place, and both are good while pods are replaced. */
interface Login {
  readonly name: KeyName;
  /** In messages. */
  readonly called: string;
  /** Whose pods log in with it. */
  readonly readers: readonly Service[];
  readonly formerThere: (values: Values) => boolean;
  /** Which login this is; the first is 1. */
  readonly generation: (values: Values) => number;
  /** Makes the next one, where that is not done by another step once it is in the core Secret. */
  readonly add: (scope: CloudScope, values: Values) => Promise<Change>;
  readonly retire: (scope: CloudScope, values: Values) => Promise<Change>;
}

const SERVICES = ["keystone", "barbican"] as const;
const BARBICAN = "barbican";

const logins: readonly Login[] = [
  {
    name: "database",
    called: "logins to the database",
    readers: SERVICES,
    formerThere: (values) => SERVICES.some((service) => databaseLogins(values, service).length > 1),
    generation: (values) => databaseLogin(values, "keystone").generation,
    // The Job that prepares the database makes and removes the roles, before and after pods use them.
    add: async (_scope, values) =>
      Object.fromEntries(
        SERVICES.map((service) => [`${service}-${databaseLogin(values, service).generation + 1}`, password()]),
      ),
    retire: async (_scope, values) =>
      Object.fromEntries(
        SERVICES.flatMap((service) =>
          databaseLogins(values, service)
            .slice(1)
            .map(({ key }) => [key, null]),
        ),
      ),
  },
  {
    name: "barbicanUser",
    called: "Barbican's user in Keystone",
    readers: [BARBICAN],
    formerThere: (values) => values["former"] !== undefined,
    generation: userGeneration,
    add: async (scope, values) => {
      const user = { username: `${BARBICAN}-${userGeneration(values) + 1}`, password: password() };
      // One that is there is of a pass that was cut off: nobody has its password.
      const missing = await ensureServiceUser(keystoneOf(scope), user, true);
      if (missing !== undefined) throw new Error(`${user.username} cannot be made without ${missing}`);
      return { ...user, former: values["username"] ?? BARBICAN };
    },
    retire: async (scope, values) => {
      const { users } = keystoneOf(scope);
      const former = await users.findByName(DEFAULT_DOMAIN, values["former"] ?? "");
      if (former !== undefined) await users.delete(former.id);
      return { former: null };
    },
  },
];

function userGeneration(values: Values): number {
  return Number(/-([0-9]+)$/.exec(values["username"] ?? "")?.[1] ?? 1);
}

/** Puts another login beside one that is due, and takes the former away when nobody uses it. */
export async function rotateLogins(scope: CloudScope, deployment: CloudDeployment): Promise<readonly Rotated[]> {
  const done: Rotated[] = [];
  for (const login of logins) done.push(await rotate(scope, deployment, login));
  return done;
}

async function rotate(scope: CloudScope, deployment: CloudDeployment, login: Login): Promise<Rotated> {
  const { cache, custody, now } = scope;
  const { name, called, readers, formerThere, generation, add, retire } = login;
  const { everyMs, requestedAt } = deployment.rotation.passwords;
  const namespace = deployment.cloud.metadata.namespace ?? "";
  const secret = cache.get(coreSecrets, { namespace, name: secretNames[name](deployment.cloud) });
  if (custody === undefined || secret === undefined) throw new Error("the keys are held before logins rotate");
  const values = custody.values(name);
  const decision = decideLogin({
    since: new Date(presentSince(secret)),
    now,
    everyMs,
    requestedAt,
    answeredRequest: secret.metadata.annotations?.[ANSWERED_REQUEST],
    formerThere: formerThere(values),
    readersUp: await allRead(scope, deployment, readers),
  });
  const pollAfterMs = untilMs(decision.nextAt, scope);
  if (decision.kind === "refuse") return { said: `the rotation of ${called} waits: ${decision.because}`, pollAfterMs };
  const at = noteNext(scope, name, decision.nextAt);
  switch (decision.kind) {
    case "keep":
      return { said: `${called} rotate next at ${at}`, pollAfterMs };
    case "add": {
      const change = await add(scope, values);
      const since = JSON.stringify({ [String(generation(values) + 1)]: timeText(now) });
      await changeSecret(scope, secret, change, { [USED_SINCE]: since, [ANSWERED_REQUEST]: requestedAt ?? null });
      scope.event("Normal", "LoginAdded", `${called}: another is there beside the present one`);
      return { said: `${called}: pods change to another`, pollAfterMs: 1_000 };
    }
    case "retire":
      await changeSecret(scope, secret, await retire(scope, values), {});
      scope.event("Normal", "LoginRetired", `${called}: the former is gone, nobody uses it`);
      return { said: `${called} changed; next at ${at}`, pollAfterMs: 1_000 };
    default:
      return decision satisfies never;
  }
}

/** Whether all pods are there and none is left that started with another login, not even one that is drained. */
async function allRead(
  { cache, custody, kube }: CloudScope,
  deployment: CloudDeployment,
  readers: readonly Service[],
): Promise<boolean> {
  const namespace = deployment.cloud.metadata.namespace ?? "";
  for (const reader of readers) {
    const workload = cache.get(deployments, { namespace, name: webServiceName(deployment, reader) });
    if (custody === undefined || !rolloutOf(workload).complete) return false;
    const wanted = readAtStart(reader, custody.values);
    const labelSelector = selectorText(selectorOf(deployment, reader));
    const found = await kube.list(pods, { namespace, labelSelector });
    if (found.some(({ metadata }) => metadata.annotations?.[READ_AT_START] !== wanted)) return false;
  }
  return true;
}
