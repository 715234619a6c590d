import type { Cloud } from "#operator/api/generated/cloud.ts";
import type { Project, ProjectStatus } from "#operator/api/generated/project.ts";
import type { CloudAccess, CloudClients } from "#operator/clients/cloud-access.ts";
import type { StepResult } from "#operator/step-condition.ts";
import type { ReconcileContext } from "#runtime/controller/definition.ts";
import { type Outcome, type Settled, settled, type Waiting } from "#runtime/controller/outcome.ts";
import type { PlatformNamespaces } from "./children/network-policies.ts";
import type { OperatorAccount } from "./children/role-bindings.ts";
import type { DriftClock, DriftPeriod } from "./drift-clock.ts";
import { namespaceOf } from "./names.ts";
import type { Assignment } from "./services.ts";

/** What the Project controller is given once. */
export interface ProjectDeps {
  readonly clouds: CloudAccess;
  /** Tells installations that share a Keystone apart; part of tags and of robots' names. A DNS label. */
  readonly installationId: string;
  readonly operator: OperatorAccount;
  readonly platform: PlatformNamespaces;
  /** Default {@link DRIFT_PERIOD}; shorter in tests. */
  readonly driftPeriod?: DriftPeriod;
}

/** The concerns of a Project; each is a condition in its status. */
export const concerns = [
  "NamespaceReady",
  "IdentityReady",
  "MembersReady",
  "SecretQuotaReady",
  "CredentialsReady",
] as const;
export type Concern = (typeof concerns)[number];

export type ConcernResult = StepResult;

/** What status says besides conditions. It begins as it was; steps replace what they found anew. */
export type ProjectFacts = {
  -readonly [Field in keyof Omit<ProjectStatus, "conditions" | "observedGeneration">]: ProjectStatus[Field] | undefined;
};

/** The connection to the Project's Cloud in this pass. */
export interface ProjectCloud {
  readonly cloud: Cloud;
  readonly clients: CloudClients;
}

/** The bag that the steps of one pass share. */
export interface ProjectScope extends ReconcileContext<Project> {
  readonly project: Project;
  readonly deps: ProjectDeps;
  readonly clock: DriftClock;
  /** The namespace that the Project has or will have. */
  readonly namespace: string;
  readonly facts: ProjectFacts;
  /** Results by concern, for the conditions. A concern that this pass did not look at keeps its condition. */
  readonly results: Map<Concern, ConcernResult>;
  /** Found missing by steps that let the others go on; the last step waits for all of it. */
  readonly awaited: string[];
  /** What the namespace waits for, while Keystone is told all the same; see {@link heldBack}. */
  held: Outcome | undefined;
  /** Set by `resolveCloud`. */
  cloud: ProjectCloud | undefined;
  /** Whether this pass compares with Keystone and Barbican; set by `resolveCloud`. */
  compares: boolean;
  /** The time from one comparison to the next in milliseconds; set by `resolveCloud`. */
  driftPeriodMs: number;
  /** When the credentials want to be looked at again, in milliseconds from now; set by `ensureCredentials`. */
  credentialsDueInMs: number;
  /** Roles on the Keystone project; set by `ensureMembers` where the pass compares. */
  assignments: readonly Assignment[] | undefined;
}

export function projectScope(context: ReconcileContext<Project>, deps: ProjectDeps, clock: DriftClock): ProjectScope {
  const { conditions: _conditions, observedGeneration: _generation, ...facts } = context.object.status ?? {};
  return {
    ...context,
    project: context.object,
    deps,
    clock,
    namespace: namespaceOf(context.object),
    facts,
    results: new Map(),
    awaited: [],
    held: undefined,
    cloud: undefined,
    compares: false,
    driftPeriodMs: Number.POSITIVE_INFINITY,
    credentialsDueInMs: Number.POSITIVE_INFINITY,
    assignments: undefined,
  };
}

/** What a step returns that says nothing of its condition: it had nothing to look at, or has set it itself. */
export const notLookedAt: Settled = settled();

type ProjectStep = (scope: ProjectScope, signal: AbortSignal) => Promise<Outcome>;

/** A step whose outcome is also the concern's condition. */
export function concern(name: Concern, step: ProjectStep): ProjectStep {
  return async (scope, signal) => {
    try {
      const outcome = await step(scope, signal);
      if (outcome !== notLookedAt) scope.results.set(name, outcome);
      return outcome;
    } catch (error) {
      scope.results.set(name, { kind: "failed", error: error instanceof Error ? error : new Error(String(error)) });
      throw error;
    }
  };
}

/**
 * A step of the namespace's. Where a Project is known to Keystone, what is taken from it (`spec.enabled`, a member) is taken
 * there at once, whatever its namespace waits for: that is kept until {@link returnToNamespace}.
 */
export function heldBack(step: ProjectStep): ProjectStep {
  return async (scope, signal) => {
    if (scope.held !== undefined) return notLookedAt;
    const outcome = await step(scope, signal);
    if (outcome.kind === "settled" || scope.facts.id === undefined) return outcome;
    scope.held = outcome;
    return notLookedAt;
  };
}

/** Nothing that needs the namespace is done before it is there. */
export async function returnToNamespace({ held }: ProjectScope): Promise<Outcome> {
  return held ?? notLookedAt;
}

/** Says what one concern waits for, and lets the others go on. */
export function goOnWithout(scope: ProjectScope, name: Concern, awaited: Waiting): Settled {
  scope.results.set(name, awaited);
  scope.awaited.push(awaited.for);
  return notLookedAt;
}
