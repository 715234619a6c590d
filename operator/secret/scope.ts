import type { Cloud } from "#operator/api/generated/cloud.ts";
import type { Project } from "#operator/api/generated/project.ts";
import type { Secret, SecretStatusSyncedTo } from "#operator/api/generated/secret.ts";
import type { ReconcileContext } from "#runtime/controller/definition.ts";
import type { Plan } from "./decide.ts";
import type { DeepChecks } from "./deep-checks.ts";
import type { KeyManager, ListedSecret, SecretClouds } from "./key-manager.ts";
import type { ProjectListings } from "./listings.ts";
import type { MacKeySource } from "./mac-key.ts";
import { type Owner, ownerOf } from "./mark.ts";
import type { Version } from "./version.ts";

/** What the controller is given once, when the program is put together. */
export interface SecretDeps {
  readonly clouds: SecretClouds;
  /** Tells this installation's things from those of others in the same Keystone and Barbican. */
  readonly installationId: string;
  readonly macKey: MacKeySource;
}

/** Where a Secret's versions live. */
export interface Home {
  readonly project: Project;
  readonly cloud: Cloud;
  /** Keystone's id of the project. */
  readonly projectId: string;
  readonly keys: KeyManager;
}

/** What the steps of one pass share. */
export interface SecretScope {
  readonly context: ReconcileContext<Secret>;
  readonly deps: SecretDeps;
  readonly listings: ProjectListings;
  readonly deepChecks: DeepChecks;
  readonly secret: Secret;
  readonly owner: Owner;
  /** Set by `resolveProject`; in a cleanup absent where there is nothing to be reached any more. */
  home: Home | undefined;
  /** Set by `readSource` for copies: what the core Secret holds. It stays in this pass. */
  content: Buffer | undefined;
  /** Set by `observe`: what the status and Barbican know; kept up to date by all later steps. */
  versions: readonly Version[] | undefined;
  /** Set by `observe`: Barbican's list, by id. */
  listed: ReadonlyMap<string, ListedSecret>;
  /** Set by `observe`; absent for an imported secret. */
  plan: Plan | undefined;
  /** Numbers of versions that this pass made, by `makeVersion`: they have their mark and ACL. */
  readonly made: Set<number>;
  /** The status does not speak of the present spec: all is compared, nothing is believed. */
  readonly changed: boolean;
  /** ACLs are read and lists not believed: after a change of the spec, when asked for, and once in a while. */
  readonly deepCheck: boolean;
  /** Set by `ensureAccess`: what is missing although the rest could be done, in words that follow "waits for". */
  readonly awaited: string[];
  /** What `syncTo` wrote last, by the status or by this pass. */
  synced: SecretStatusSyncedTo | undefined;
}

export function scopeOf(
  context: ReconcileContext<Secret>,
  deps: SecretDeps,
  shared: { readonly listings: ProjectListings; readonly deepChecks: DeepChecks },
): SecretScope {
  const secret = context.object;
  shared.deepChecks.seen(secret.metadata);
  const changed = secret.status?.observedGeneration !== secret.metadata.generation;
  return {
    context,
    deps,
    ...shared,
    secret,
    owner: ownerOf(deps.installationId, secret.metadata),
    home: undefined,
    content: undefined,
    versions: undefined,
    listed: new Map(),
    plan: undefined,
    made: new Set(),
    changed,
    deepCheck: changed || shared.deepChecks.isDue(secret.metadata, context.now),
    awaited: [],
    synced: secret.status?.syncedTo,
  };
}

/** A field that an earlier step of the list has set. */
export function set<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`a step ran before the one that sets ${name}`);
  return value;
}
