import type { Pod } from "#operator/api/foreign.ts";
import type { Cloud, CloudStatus } from "#operator/api/generated/cloud.ts";
import type { Call } from "#operator/clients/call.ts";
import type { CloudAccess, CloudClients } from "#operator/clients/cloud-access.ts";
import type { Registrar } from "#operator/registration/registrar.ts";
import type { ReconcileContext } from "#runtime/controller/definition.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { NotSyncedError } from "#runtime/watch/cache.ts";
import type { Values } from "./decide/key-table.ts";
import type { ReleaseDecision, SchemaSpan } from "./decide/release.ts";
import { type CloudDeployment, deploymentOf, type Platform } from "./deployment.ts";
import type { KeyName } from "./names.ts";
import type { Aspect, AspectResult } from "./status.ts";

export interface CloudDeps {
  readonly clouds: CloudAccess;
  readonly platform: Platform;
  /** Where workloads are registered; undefined: nowhere. */
  readonly spire: Registrar | undefined;
  /** Default {@link POLL_MS}; shorter in tests. */
  readonly pollMs?: number;
}

/** How often the services of a Cloud are asked whether they are well. */
const POLL_MS = 60_000;
/** And how often while they are not. */
const UNWELL_POLL_MS = 10_000;

/** The keys of a Cloud as a pass found them. */
export interface Custody {
  /** Marks the databases whose data is of these keys. */
  readonly keySet: string;
  readonly values: (name: KeyName) => Values;
}

/** How the release that is wanted comes to be. */
export interface ReleasePlan {
  readonly decision: Exclude<ReleaseDecision, { readonly kind: "refuse" }>;
  /** Undefined until the schemas were made. */
  readonly span: SchemaSpan | undefined;
  /** Whether that stands on the custody record. */
  readonly recorded: boolean;
}

/** The bag that the steps of one pass share. */
export interface CloudScope extends ReconcileContext<Cloud> {
  readonly deps: CloudDeps;
  /** What is to be deployed; undefined where the services are external. */
  readonly deployment: CloudDeployment | undefined;
  readonly results: Map<Aspect, AspectResult>;
  /** How the calls of this pass are known. */
  call(signal: AbortSignal): Call & { readonly requestId: string };
  /** As status has them, until the catalog is read. */
  endpoints: CloudStatus["endpoints"];
  /** As status has them, until the keys are looked at. */
  keys: CloudStatus["keys"];
  /** As status has it, until everything is there. */
  release: CloudStatus["release"];
  /** As status has it, until backups are looked at. */
  backup: CloudStatus["backup"];
  /** As status has it, until it is looked at. */
  restore: CloudStatus["restore"];
  /** The Cloud's pods as `confine` found them, where they are to have sidecars; else empty. */
  pods: readonly Pod[];
  /** Set by `resolveClients`. */
  clients: CloudClients | undefined;
  /** Set by `checkRelease`. */
  plan: ReleasePlan | undefined;
  /** Set by `holdKeys`. */
  custody: Custody | undefined;
  /** Set by `ensureEdge`, where people's clients are served by the Cloud's edge as it is wanted. */
  edgeServes: boolean;
}

export function cloudScope(context: ReconcileContext<Cloud>, deps: CloudDeps): CloudScope {
  const { status } = context.object;
  return {
    ...context,
    deps,
    deployment: deploymentOf(context.object, deps.platform),
    results: new Map(),
    call: (signal) => ({ signal, requestId: `req-${context.reconcileId}` }),
    endpoints: status?.endpoints,
    keys: status?.keys,
    release: status?.release,
    backup: status?.backup,
    restore: status?.restore,
    clients: undefined,
    plan: undefined,
    custody: undefined,
    edgeServes: false,
    pods: [],
  };
}

export function wellPoll({ deps }: CloudScope): number {
  return deps.pollMs ?? POLL_MS;
}

export function unwellPoll({ deps }: CloudScope): number {
  return Math.min(UNWELL_POLL_MS, deps.pollMs ?? POLL_MS);
}

export type CloudStep = (scope: CloudScope, signal: AbortSignal) => Promise<Outcome>;
/** A step that only a deployed Cloud takes. */
export type DeployStep = (scope: CloudScope, deployment: CloudDeployment, signal: AbortSignal) => Promise<Outcome>;

/**
 * A step of deployed Clouds whose outcome is also the aspect's condition. Settled without a message says nothing of it:
 * the step has judged it itself, or a later one does.
 */
export function deployed(aspect: Aspect, step: DeployStep): CloudStep {
  return async (scope, signal) => {
    if (scope.deployment === undefined) return settled();
    try {
      const outcome = await step(scope, scope.deployment, signal);
      if (outcome.kind !== "settled" || outcome.message !== undefined) scope.results.set(aspect, outcome);
      return outcome;
    } catch (error) {
      scope.results.set(aspect, { kind: "failed", error: error instanceof Error ? error : new Error(String(error)) });
      throw error;
    }
  };
}

/**
 * A step that the Cloud can be without. Its outcome is the aspect's condition, as {@link deployed} has it; what it waits for,
 * and why it failed, ends no pass: the Cloud goes on, and the step is tried again.
 */
export function apart(aspect: Aspect, step: DeployStep): CloudStep {
  return async (scope, signal) => {
    if (scope.deployment === undefined) return settled();
    const outcome = await tried(scope, step(scope, scope.deployment, signal), signal);
    if (outcome.kind !== "settled" || outcome.message !== undefined) scope.results.set(aspect, outcome);
    return settled(outcome.pollAfterMs === undefined ? {} : { pollAfterMs: outcome.pollAfterMs });
  };
}

async function tried(scope: CloudScope, step: Promise<Outcome>, signal: AbortSignal): Promise<Outcome> {
  try {
    return await step;
  } catch (error) {
    // The pass itself cannot go on.
    if (signal.aborted || error instanceof NotSyncedError) throw error;
    scope.log.warn({ err: error }, "a step that the Cloud can be without failed, and is tried again");
    const why = error instanceof Error ? error.message : String(error);
    return waiting(`another try: ${why}`, { reason: "TransientError", pollAfterMs: unwellPoll(scope) });
  }
}
