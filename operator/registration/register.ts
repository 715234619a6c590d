import type { EntryApi } from "#operator/clients/spire/entry-api.ts";
import { decideEntries, type EntryChanges, type EntryFacts } from "./decide.ts";

/**
 * Makes an owner's entries as they are wanted, and says what that took.
 *
 * @throws SpireError
 */
export async function register(
  api: Pick<EntryApi, "list" | "create" | "update" | "delete">,
  facts: Omit<EntryFacts, "there">,
): Promise<EntryChanges> {
  const changes = decideEntries({ ...facts, there: await api.list() });
  await api.create(changes.create);
  await api.update(changes.update);
  await api.delete(changes.delete);
  return changes;
}
