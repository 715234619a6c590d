import { type CoreSecret, coreSecrets } from "#operator/api/foreign.ts";
import type { IdentityReference } from "../deployment.ts";
import type { CloudScope } from "../scope.ts";

/** The core Secret with a private key that opens a backup; a person brings it and takes it away again. */
function identitySecret({ cache, object }: CloudScope, name: string): CoreSecret | undefined {
  return cache.get(coreSecrets, { namespace: object.metadata.namespace ?? "", name });
}

/** Whether it is there: a pod whose Secret is missing says nothing, so its Cloud does. */
export function holdsIdentity(scope: CloudScope, { name, key }: IdentityReference): boolean {
  return (identitySecret(scope, name)?.data?.[key] ?? "") !== "";
}

/** After what was done with it, for a person: it is in the cluster as long as it is needed, and no longer. */
export function identityAdvice(scope: CloudScope, { name }: IdentityReference): string {
  if (identitySecret(scope, name) === undefined) return "";
  return `; delete core Secret ${name}, whose private key belongs elsewhere`;
}
