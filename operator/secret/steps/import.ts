import { isServiceError } from "#operator/clients/service-error.ts";
import { invalid, type Outcome, settled, unrecoverable, waiting } from "#runtime/controller/outcome.ts";
import type { KeyManager, ListedSecret } from "../key-manager.ts";
import { POLL_MS } from "../periods.ts";
import { type SecretScope, set } from "../scope.ts";

/** How old a list may be where it is doubted: askers cannot make us list without end. */
const DOUBTED_MAX_AGE_MS = 2_000;
/** A list that is read while others delete may miss an entry. */
const MISSED_POLL_MS = 10_000;

/**
 * Looks for the imported secret among those of this very project. That Barbican answers for its id is not enough: it
 * does so for a secret of another project, too, whose owner shares it with the operator's user.
 */
export async function observeImport(scope: SecretScope): Promise<Outcome> {
  const { spec } = scope.secret;
  if (spec.source.import === undefined) return settled();
  const { id } = spec.source.import;
  const { projectId, keys } = set(scope.home, "home");
  const { now } = scope.context;
  const believed = scope.deepCheck ? DOUBTED_MAX_AGE_MS : undefined;
  let { secrets } = await scope.listings.get(projectId, keys, now, believed);
  // It may be new: then Barbican knows it, and a new list tells whether it is this project's.
  if (!secrets.has(id) && (await isKnown(keys, id)))
    ({ secrets } = await scope.listings.get(projectId, keys, new Date(), 0));
  scope.listed = secrets;
  const found = secrets.get(id);
  return found === undefined ? missing(scope, id) : take(scope, found);
}

/** Whether Barbican has it, for us or for others. */
async function isKnown(keys: KeyManager, id: string): Promise<boolean> {
  try {
    return (await keys.get(id)) !== undefined;
  } catch (error) {
    if (isServiceError(error, "Forbidden")) return true;
    throw error;
  }
}

/** What was never found is not ours to import; what was found before is gone, if Barbican itself says so. */
async function missing(scope: SecretScope, id: string): Promise<Outcome> {
  const { project, keys } = set(scope.home, "home");
  const before = scope.secret.status?.versions?.[0];
  if (before === undefined) {
    const name = project.metadata.name;
    return invalid("spec.source.import.id", `Project ${name} has no secret with this id in Barbican`, {
      pollAfterMs: POLL_MS,
    });
  }
  if (before.expiresAt !== undefined && new Date(before.expiresAt) <= scope.context.now)
    return unrecoverable(`Barbican secret ${id} expired at ${before.expiresAt}: import another one`);
  if (await isKnown(keys, id)) return waiting(`secret ${id} in Barbican's list`, { pollAfterMs: MISSED_POLL_MS });
  return unrecoverable(`Barbican secret ${id}, which was imported, was deleted by somebody else`, {
    pollAfterMs: POLL_MS,
  });
}

function take(scope: SecretScope, found: ListedSecret): Outcome {
  const { type } = scope.secret.spec;
  if (found.type !== type)
    return invalid("spec.type", `Barbican secret ${found.id} is of type ${found.type}; make a Secret of that type`);
  const { id, createdAt, expiresAt } = found;
  const times = { createdAt, ...(expiresAt === undefined ? {} : { expiresAt }) };
  if (!found.hasPayload) return waiting(`the payload of Barbican secret ${id}`, { pollAfterMs: POLL_MS });
  if (scope.secret.status?.version === undefined)
    scope.context.event("Normal", "Imported", `Barbican secret ${id} is version 1`);
  scope.versions = [{ version: 1, parts: { secret: id }, ...times, state: "ready" }];
  scope.plan = { replace: [], remove: [] };
  return settled();
}
