import { isDeleting, type KubeObject, keyText, type ObjectKey } from "../api/object.ts";
import type { KubeClient } from "../client/kube-client.ts";
import type { CacheReader } from "../watch/cache.ts";
import { type Dependency, dependencyIndex, guardFinalizer } from "./dependency.ts";
import { addFinalizer, hasFinalizer } from "./finalizers.ts";
import { type Outcome, waiting } from "./outcome.ts";

export type Required<D extends KubeObject> =
  | { readonly ready: true; readonly objects: readonly D[] }
  | { readonly ready: false; readonly outcome: Outcome };

/**
 * The objects that `object` requires, if all are there and ready; else what is waited for, all of it in one message.
 * Guards are set only when everything is ready: then they are used next. What is only held gets its guard then, too,
 * unless it is going already: nobody waits for that.
 */
export async function requireDependency<F extends KubeObject, D extends KubeObject>(
  kube: KubeClient,
  cache: CacheReader,
  dependency: Dependency<F, D>,
  object: F,
): Promise<Required<D>> {
  const awaited: string[] = [];
  const objects: D[] = [];
  const keys = dependency.keys(object);
  for (const key of dependency.required?.(object) ?? keys) {
    const found = cache.get(dependency.on, key);
    const name = `${dependency.on.kind} ${keyText(key)}`;
    if (found === undefined) awaited.push(name);
    else if (isDeleting(found)) awaited.push(`${name}, which is being deleted, to be made again`);
    else {
      const missing = dependency.awaits?.(found, object);
      if (missing === undefined) objects.push(found);
      else awaited.push(missing);
    }
  }
  if (awaited.length > 0) return { ready: false, outcome: waiting(awaited.join("; ")) };
  if (dependency.guard === true) {
    const finalizer = guardFinalizer(dependency as unknown as Dependency<KubeObject, KubeObject>);
    for (const key of keys) {
      const found = cache.get(dependency.on, key);
      if (found === undefined || isDeleting(found) || hasFinalizer(found, finalizer)) continue;
      const guarded = await addFinalizer(kube, dependency.on, found, finalizer);
      if (guarded === undefined && objects.includes(found))
        return {
          ready: false,
          outcome: waiting(`${dependency.on.kind} ${found.metadata.name}, which is being deleted`),
        };
    }
  }
  return { ready: true, objects };
}

/** The objects that name `on` by a dependency. */
export function referrers<F extends KubeObject, D extends KubeObject>(
  cache: CacheReader,
  dependency: Dependency<F, D>,
  on: ObjectKey,
): readonly F[] {
  return cache.byIndex(
    dependency.from,
    dependencyIndex(dependency as unknown as Dependency<KubeObject, KubeObject>),
    keyText(on),
  );
}
