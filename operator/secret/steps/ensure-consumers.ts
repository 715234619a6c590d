import type { Server } from "#operator/api/generated/server.ts";
import { servers } from "#operator/api/resources.ts";
import { keyText } from "#runtime/api/object.ts";
import { type Outcome, settled } from "#runtime/controller/outcome.ts";
import { consumerChanges, consumerOf } from "../consumers.ts";
import { type SecretScope, set } from "../scope.ts";
import { currentOf } from "../version.ts";

/** The index of Servers by the Secrets that their files name. */
export const SERVERS_BY_SECRET = "secret:servers-of-secret";

/** Names of the Servers that use the Secret; one that is being deleted does so until it is gone. */
export function serversOf(scope: Pick<SecretScope, "context" | "secret">): readonly string[] {
  const users = scope.context.cache.byIndex<Server>(servers, SERVERS_BY_SECRET, keyText(scope.secret.metadata));
  return users.map(({ metadata }) => metadata.name);
}

/**
 * Registers in Barbican who uses the current version, and takes old registrations away: then clients that ask for
 * Barbican's microversion 1.2 are refused to delete it. The list says who is registered, so at rest nothing is called.
 */
export async function ensureConsumers(scope: SecretScope): Promise<Outcome> {
  const { keys, projectId } = set(scope.home, "home");
  const versions = set(scope.versions, "versions");
  const wanted = serversOf(scope).map((name) => consumerOf(scope.owner, name));
  const current = currentOf(versions);
  for (const version of versions) {
    if (version.state !== "ready") continue;
    const id = version.parts.secret;
    const secret = scope.listed.get(id);
    const listed = secret?.consumers ?? [];
    const { add, remove } = consumerChanges(scope.owner, listed, version === current ? wanted : []);
    for (const consumer of add) await keys.addConsumer(id, consumer);
    for (const consumer of remove) await keys.removeConsumer(id, consumer);
    if (secret === undefined || add.length + remove.length === 0) continue;
    const consumers = [...listed.filter((consumer) => !remove.includes(consumer)), ...add];
    scope.listings.amend(projectId, { ...secret, consumers });
  }
  return settled();
}
