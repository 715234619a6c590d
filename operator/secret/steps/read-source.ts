import { coreSecrets } from "#operator/api/foreign.ts";
import { invalid, type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { isManaged } from "../children.ts";
import { problemOf } from "../payload.ts";
import type { SecretScope } from "../scope.ts";

/** Reads what is to be copied, and refuses what cannot be. Nothing is sent to Barbican before. */
export async function readSource(scope: SecretScope): Promise<Outcome> {
  const { type, source } = scope.secret.spec;
  if (source.secretKeyRef === undefined) return settled();
  const { name, key } = source.secretKeyRef;
  const { namespace = "" } = scope.secret.metadata;
  const found = scope.context.cache.get(coreSecrets, { namespace, name });
  if (found === undefined) return waiting(`core Secret ${name}`);
  if (isManaged(found))
    return invalid("spec.source.secretKeyRef.name", `core Secret ${name} is made by Nephele and cannot be a source`);
  const value = found.data?.[key];
  if (value === undefined)
    return invalid("spec.source.secretKeyRef.key", noSuchKey(name, key, Object.keys(found.data ?? {})));
  const content = Buffer.from(value, "base64");
  const problem = problemOf(type, content);
  if (problem !== undefined) return invalid("spec.source.secretKeyRef", `key ${key} of core Secret ${name} ${problem}`);
  scope.content = content;
  return settled();
}

function noSuchKey(name: string, key: string, keys: readonly string[]): string {
  const there = keys.length === 0 ? "it has none" : `it has ${keys.toSorted().join(", ")}`;
  return `core Secret ${name} has no key ${key}; ${there}`;
}
