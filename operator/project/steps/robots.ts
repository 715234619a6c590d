import { randomBytes } from "node:crypto";
import { isServiceError } from "#operator/clients/service-error.ts";
import { type Outcome, unrecoverable, waiting } from "#runtime/controller/outcome.ts";
import { type CredentialGeneration, type CredentialsDecision, lifetimeMs } from "../decide/credentials.ts";
import { robotDescription, robotGeneration, robotPrefix } from "../names.ts";
import type { ProjectScope } from "../scope.ts";
import type { ProjectKeystone, RobotUser } from "../services.ts";
import { AWAITED_POLL_MS, keystoneOf } from "./keystone-project.ts";

const PASSWORD_BYTES = 32;

export type FoundRobot = RobotUser & { readonly generation: number };

export interface FoundRobots {
  readonly keystone: ProjectKeystone;
  readonly robots: readonly FoundRobot[];
}

/** The robot users of this Project, of every generation: by name, and only those that say whose they are. */
export async function findRobots(scope: ProjectScope, signal: AbortSignal): Promise<FoundRobots> {
  const { project, deps, facts } = scope;
  const keystone = keystoneOf(scope, signal);
  if (facts.domainID === undefined) return { keystone, robots: [] };
  const prefix = robotPrefix(deps.installationId, project);
  const users = await keystone.users.listByPrefix(facts.domainID, prefix);
  const ours = users.filter(({ description }) => description === robotDescription(deps.installationId, project));
  const robots = ours.flatMap((user) => {
    const generation = robotGeneration(prefix, user.name);
    return generation === undefined ? [] : [{ ...user, generation }];
  });
  return { keystone, robots };
}

/** Whether Keystone still has the robot's role and its credential. */
export async function robotAlive(
  scope: ProjectScope,
  { userId, id, role }: CredentialGeneration,
  signal: AbortSignal,
): Promise<boolean> {
  const keystone = keystoneOf(scope, signal);
  const roleId = (await keystone.roles.findByName(role))?.id;
  const hasRole = scope.assignments?.some(({ actor, roleId: given }) => actor.id === userId && given === roleId);
  if (hasRole !== true) return false;
  const credentials = await keystone.applicationCredentials.list(userId);
  return credentials.some((credential) => credential.id === id);
}

/**
 * Makes a generation: a robot user with a random password, its role, and by a login as it the application credential.
 * The password is never kept, so nobody can log in as the robot again. A pass that was cut off leaves a robot whose
 * password nobody knows: it is deleted here and made anew, as is every other but the one whose grace runs.
 */
export async function issueGeneration(
  scope: ProjectScope,
  decision: CredentialsDecision & { readonly kind: "issue" },
  signal: AbortSignal,
): Promise<{ readonly generation: CredentialGeneration; readonly secret: string } | Outcome> {
  const { project, facts, deps, now, cloud } = scope;
  const { id: projectId, domainID: domainId } = facts;
  if (projectId === undefined || domainId === undefined || cloud === undefined)
    throw new Error("the step ensureKeystoneProject comes first");
  const { role, rotateEvery } = project.spec.credentials;
  const { keystone, robots } = await findRobots(scope, signal);
  const roleId = (await keystone.roles.findByName(role))?.id;
  if (roleId === undefined) return waiting(`Keystone role ${role}`, { pollAfterMs: AWAITED_POLL_MS });
  for (const robot of robots) {
    if (robot.generation !== decision.previous?.generation) await keystone.users.delete(robot.id);
  }

  const name = `${robotPrefix(deps.installationId, project)}${decision.generation}`;
  const password = randomBytes(PASSWORD_BYTES).toString("base64url");
  const description = robotDescription(deps.installationId, project);
  const robot = await createUnlessTaken(keystone, { name, domainId, password, description });
  if (robot === undefined) {
    return unrecoverable(
      `Keystone has a user ${name} in the domain ${project.spec.domain} that is not a robot of this Project: rename it`,
      { pollAfterMs: AWAITED_POLL_MS },
    );
  }
  await keystone.assignments.assign({ projectId, roleId, actor: { kind: "user", id: robot.id } });
  const expiresAt = new Date(now.getTime() + lifetimeMs(rotateEvery));
  const call = { signal, requestId: `req-${scope.reconcileId}` };
  const session = await cloud.clients.robotLogin({ username: name, domainId, password, projectId }, call);
  const { id, secret } = await session.createApplicationCredential({
    name,
    roles: [role],
    expiresAt: expiresAt.toISOString(),
  });
  const generation: CredentialGeneration = {
    generation: decision.generation,
    id,
    name,
    userId: robot.id,
    role,
    projectId,
    createdAt: now,
    expiresAt,
    ...(decision.previous === undefined ? {} : { previous: decision.previous }),
  };
  return { generation, secret };
}

async function createUnlessTaken(
  keystone: ProjectKeystone,
  user: Parameters<ProjectKeystone["users"]["create"]>[0],
): Promise<RobotUser | undefined> {
  try {
    return await keystone.users.create(user);
  } catch (error) {
    if (isServiceError(error, "Conflict")) return undefined;
    throw error;
  }
}
