import type { CoreSecret } from "#operator/api/foreign.ts";
import type { ProjectCredentials, ProjectStatusCredentials } from "#operator/api/generated/project.ts";
import { durationMs } from "#runtime/api/duration.ts";

const ANNOTATION = "nephele.dev/credential-";
/** Fields of the annotations of the core Secret `clouds`; together they say all but the secret itself. */
const FIELDS = [
  "generation",
  "id",
  "name",
  "user",
  "role",
  "project",
  "created",
  "expires",
  "previous",
  "previous-until",
] as const;
type Field = (typeof FIELDS)[number];

/** Keys of the core Secret besides clouds.yaml, so that the file can be written anew without a new credential. */
export const CREDENTIAL_ID_KEY = "application-credential-id";
export const CREDENTIAL_SECRET_KEY = "application-credential-secret";

/** The longest time that a generation goes on working after the next one was made. */
const MOST_GRACE_MS = 24 * 3_600_000;

/** A generation before the one in use, and when its robot user is to go. */
export interface PreviousGeneration {
  readonly generation: number;
  readonly removeAfter: Date;
}

/** One generation: a robot user with one application credential. */
export interface CredentialGeneration {
  readonly generation: number;
  /** Id of the application credential. */
  readonly id: string;
  readonly name: string;
  /** Id of the robot user. */
  readonly userId: string;
  readonly role: string;
  /** Id of the Keystone project. */
  readonly projectId: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly previous?: PreviousGeneration;
}

/** How long the last generation works on beside the new one: half of the period, a day at most. */
export function graceMs(rotateEvery: string): number {
  return Math.min(MOST_GRACE_MS, durationMs(rotateEvery) / 2);
}

/** Two periods: an operator that is away for a whole one cuts nobody off. */
export function lifetimeMs(rotateEvery: string): number {
  return 2 * durationMs(rotateEvery);
}

/** When the generation in use is due to be followed by the next. Never later than its grace before it expires. */
export function nextRotation(current: CredentialGeneration, rotateEvery: string): Date {
  const byPeriod = current.createdAt.getTime() + durationMs(rotateEvery);
  const lifetime = current.expiresAt.getTime() - current.createdAt.getTime();
  const byExpiry = current.expiresAt.getTime() - Math.min(MOST_GRACE_MS, lifetime / 4);
  return new Date(Math.min(byPeriod, byExpiry));
}

export type CredentialsDecision =
  | { readonly kind: "keep"; readonly current: CredentialGeneration; readonly nextRotation: Date }
  | {
      readonly kind: "issue";
      readonly generation: number;
      /** For the event: why now. */
      readonly because: string;
      readonly previous?: PreviousGeneration;
    };

export interface CredentialsInput {
  readonly spec: ProjectCredentials;
  readonly projectId: string;
  readonly now: Date;
  /** What the core Secret holds; undefined where it is missing or was damaged. */
  readonly inSecret: CredentialGeneration | undefined;
  /** What status says; it survives a deleted Secret. */
  readonly inStatus: ProjectStatusCredentials | undefined;
  /** Whether Keystone still has the robot, its role and its credential; undefined where it was not asked. */
  readonly alive: boolean | undefined;
}

/** Whether the application credential is kept or another generation is made, and what becomes of the one before. */
export function decideCredentials(input: CredentialsInput): CredentialsDecision {
  const { spec, projectId, now, inSecret, inStatus, alive } = input;
  const generation = Math.max(inSecret?.generation ?? 0, inStatus?.generation ?? 0) + 1;
  const grace = new Date(now.getTime() + graceMs(spec.rotateEvery));
  const issue = (because: string, previous?: PreviousGeneration): CredentialsDecision => ({
    kind: "issue",
    generation,
    because,
    ...(previous === undefined ? {} : { previous }),
  });

  if (inSecret === undefined) {
    if (inStatus === undefined) return issue("the Project has none yet");
    // Who copied it may still be using it.
    return issue("the core Secret was deleted or changed", { generation: inStatus.generation, removeAfter: grace });
  }
  if (inSecret.projectId !== projectId) return issue("the Keystone project was made again");
  if (alive === false) return issue("Keystone does not have the last one any more");
  // No grace: the wider right must not live on.
  if (inSecret.role !== spec.role) return issue(`its role is to be ${spec.role}`);
  if (inSecret.expiresAt <= now) return issue("the last one has expired");
  const next = nextRotation(inSecret, spec.rotateEvery);
  if (next > now) return { kind: "keep", current: inSecret, nextRotation: next };
  return issue("its time has come", { generation: inSecret.generation, removeAfter: grace });
}

/** The annotations that say a generation. */
export function credentialAnnotations(generation: CredentialGeneration): Readonly<Record<string, string>> {
  const { previous } = generation;
  const values: Partial<Record<Field, string>> = {
    generation: String(generation.generation),
    id: generation.id,
    name: generation.name,
    user: generation.userId,
    role: generation.role,
    project: generation.projectId,
    created: generation.createdAt.toISOString(),
    expires: generation.expiresAt.toISOString(),
    ...(previous === undefined
      ? {}
      : { previous: String(previous.generation), "previous-until": previous.removeAfter.toISOString() }),
  };
  return Object.fromEntries(Object.entries(values).map(([field, value]) => [ANNOTATION + field, value]));
}

/**
 * The generation that a core Secret holds, or undefined where its annotations or its values are not what we wrote:
 * then it is made anew.
 */
export function readGeneration(secret: CoreSecret | undefined): CredentialGeneration | undefined {
  const annotations = secret?.metadata.annotations ?? {};
  const field = (name: Field): string => annotations[ANNOTATION + name] ?? "";
  const generation = Number(field("generation"));
  const [createdAt, expiresAt] = [new Date(field("created")), new Date(field("expires"))];
  const [id, userId, projectId] = [field("id"), field("user"), field("project")];
  const known = id !== "" && userId !== "" && projectId !== "" && Number.isSafeInteger(generation) && generation > 0;
  if (!known || Number.isNaN(createdAt.getTime()) || Number.isNaN(expiresAt.getTime())) return undefined;
  if (decoded(secret, CREDENTIAL_ID_KEY) !== id || decoded(secret, CREDENTIAL_SECRET_KEY) === "") return undefined;
  const previous = readPrevious(Number(field("previous")), new Date(field("previous-until")));
  return {
    generation,
    id,
    name: field("name"),
    userId,
    role: field("role"),
    projectId,
    createdAt,
    expiresAt,
    ...(previous === undefined ? {} : { previous }),
  };
}

function readPrevious(generation: number, removeAfter: Date): PreviousGeneration | undefined {
  if (!Number.isSafeInteger(generation) || generation < 1 || Number.isNaN(removeAfter.getTime())) return undefined;
  return { generation, removeAfter };
}

/** A value of a core Secret as text; empty where it is not there. */
export function decoded(secret: CoreSecret | undefined, key: string): string {
  return Buffer.from(secret?.data?.[key] ?? "", "base64").toString("utf8");
}
