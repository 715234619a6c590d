import { type CoreSecret, coreSecrets } from "#operator/api/foreign.ts";
import { timeText } from "#runtime/api/time.ts";
import { isApiError } from "#runtime/client/errors.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { cloudsSecret } from "../children/clouds-secret.ts";
import {
  CREDENTIAL_SECRET_KEY,
  type CredentialGeneration,
  decideCredentials,
  decoded,
  nextRotation,
  type PreviousGeneration,
  readGeneration,
} from "../decide/credentials.ts";
import { CLOUDS_SECRET } from "../names.ts";
import { notLookedAt, type ProjectScope } from "../scope.ts";
import { upToDate } from "../up-to-date.ts";
import { findRobots, issueGeneration, robotAlive } from "./robots.ts";

const RIGHTS_POLL_MS = 250;
const LEAST_POLL_MS = 1_000;

/** The core Secret `clouds` holds an application credential that works, and is followed by the next in time. */
export async function ensureCredentials(scope: ProjectScope, signal: AbortSignal): Promise<Outcome> {
  const { project, facts, now } = scope;
  // A disabled project gives no tokens, so its robots cannot log in; what is there works again when it is enabled.
  if (!project.spec.enabled || facts.id === undefined) return notLookedAt;
  const seen = await readSecret(scope, "cached");
  if (seen === "forbidden") return rightsAwaited(scope);
  const inSecret = readGeneration(seen);
  const decision = decideCredentials({
    spec: project.spec.credentials,
    projectId: facts.id,
    now,
    inSecret,
    inStatus: facts.credentials,
    alive: scope.compares && inSecret !== undefined ? await robotAlive(scope, inSecret, signal) : undefined,
  });
  if (decision.kind === "keep") {
    await writeSecret(scope, decision.current, decoded(seen, CREDENTIAL_SECRET_KEY), seen);
    return keep(scope, decision.current, signal);
  }

  // Robots are deleted below: not on the word of a cache.
  const live = await readSecret(scope, "live");
  if (live === "forbidden") return rightsAwaited(scope);
  if (live?.metadata.resourceVersion !== seen?.metadata.resourceVersion)
    return waiting(`core Secret ${scope.namespace}/${CLOUDS_SECRET} to be seen as it is`, {
      pollAfterMs: RIGHTS_POLL_MS,
    });
  const issued = await issueGeneration(scope, decision, signal);
  if ("kind" in issued) return issued;
  await writeSecret(scope, issued.generation, issued.secret, live);
  const first = decision.generation === 1;
  scope.event(
    "Normal",
    first ? "CredentialsIssued" : "CredentialsRotated",
    eventText(decision.generation, decision.because),
  );
  return keep(scope, issued.generation, signal);
}

/** Says the generation in status, and ends the one before when its grace is over. */
async function keep(scope: ProjectScope, current: CredentialGeneration, signal: AbortSignal): Promise<Outcome> {
  const { project, facts, now } = scope;
  let previous = previousOf(scope, current);
  if (previous !== undefined && previous.removeAfter <= now) {
    const { keystone, robots } = await findRobots(scope, signal);
    for (const robot of robots) if (robot.generation < current.generation) await keystone.users.delete(robot.id);
    scope.event(
      "Normal",
      "CredentialsRetired",
      `Ended generation ${previous.generation} of the application credential`,
    );
    previous = undefined;
  }
  const next = nextRotation(current, project.spec.credentials.rotateEvery);
  facts.credentials = {
    generation: current.generation,
    name: current.name,
    id: current.id,
    userID: current.userId,
    role: current.role,
    createdAt: timeText(current.createdAt),
    expiresAt: timeText(current.expiresAt),
    nextRotation: timeText(next),
    ...(previous === undefined
      ? {}
      : {
          previous: {
            generation: previous.generation,
            name: current.name.replace(/\d+$/, String(previous.generation)),
            removeAfter: timeText(previous.removeAfter),
          },
        }),
  };
  const wakeAt = Math.min(next.getTime(), previous?.removeAfter.getTime() ?? Number.POSITIVE_INFINITY);
  scope.credentialsDueInMs = Math.max(LEAST_POLL_MS, wakeAt - now.getTime());
  return settled();
}

/** The generation whose grace runs: status says when it was ended, the Secret says it where status was lost. */
function previousOf({ facts }: ProjectScope, current: CredentialGeneration): PreviousGeneration | undefined {
  if (facts.credentials?.generation !== current.generation) return current.previous;
  const { previous } = facts.credentials;
  return previous && { generation: previous.generation, removeAfter: new Date(previous.removeAfter) };
}

async function writeSecret(
  scope: ProjectScope,
  generation: CredentialGeneration,
  secret: string,
  current: CoreSecret | undefined,
): Promise<void> {
  const { project, cloud, deps } = scope;
  if (cloud === undefined) return;
  const ca = await deps.clouds.identityAuthority(cloud.cloud);
  const desired = cloudsSecret({ project, cloud: cloud.cloud, generation, secret, ca });
  if (upToDate(current, desired)) return;
  await scope.kube.apply(coreSecrets, desired, { fieldOwner: scope.fieldOwner("credentials"), force: true });
}

async function readSecret(
  { cache, kube, namespace }: ProjectScope,
  how: "cached" | "live",
): Promise<CoreSecret | undefined | "forbidden"> {
  const key = { namespace, name: CLOUDS_SECRET };
  // The watch of this namespace begins only when status has named it.
  if (how === "cached" && cache.hasSynced(coreSecrets, namespace)) return cache.get(coreSecrets, key);
  try {
    return await kube.get(coreSecrets, key);
  } catch (error) {
    if (isApiError(error, "Forbidden")) return "forbidden";
    throw error;
  }
}

/** The API server takes a moment to know a new RoleBinding. */
function rightsAwaited({ namespace }: ProjectScope): Outcome {
  return waiting(`the operator's rights to core Secrets in the namespace ${namespace}`, {
    pollAfterMs: RIGHTS_POLL_MS,
  });
}

function eventText(generation: number, because: string): string {
  return `Made generation ${generation} of the application credential: ${because}`;
}
