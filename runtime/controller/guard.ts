import { isDeleting, type KubeObject, keyOf, keyText } from "../api/object.ts";
import type { ReconcileContext } from "./definition.ts";
import { type Controller, defineController, watch } from "./definition.ts";
import { type Dependency, dependencyIndex, guardFinalizer } from "./dependency.ts";
import { hasFinalizer, removeFinalizer } from "./finalizers.ts";
import { settled } from "./outcome.ts";

/**
 * The controller that lets go of what a guarded dependency holds: when an object is being deleted and nobody names it
 * any more, its guard finalizer is removed. It writes nothing else, and no status.
 */
export function guardController(dependency: Dependency<KubeObject, KubeObject>): Controller {
  const finalizer = guardFinalizer(dependency);
  return defineController<KubeObject, ReconcileContext<KubeObject>>({
    name: `guard-${dependency.from.kind.toLowerCase()}-${dependency.name}`,
    reconciles: dependency.on,
    watches: [watch(dependency.from, (referrer) => dependency.keys(referrer))],
    scope: (context) => context,
    observesOnly: true,
    steps: [
      async ({ object, kube, cache, log }) => {
        if (!isDeleting(object) || !hasFinalizer(object, finalizer)) return settled();
        const users = cache.byIndex(dependency.from, dependencyIndex(dependency), keyText(keyOf(object)));
        if (users.length > 0) return settled();
        await removeFinalizer(kube, dependency.on, object, finalizer);
        log.info({ finalizer }, "nobody uses it any more: let go");
        return settled();
      },
    ],
  });
}
