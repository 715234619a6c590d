/** All that a controller is written with. */

export { type Desired, isDeleting, type KubeObject, keyOf, keyText, type ObjectKey } from "../api/object.ts";
export { controllerReference, defineResource, type Resource } from "../api/resource.ts";
export { type Controller, defineController, index, type ReconcileContext, type Step, watch } from "./definition.ts";
export { type Dependency, dependsOn } from "./dependency.ts";
export { invalid, type Outcome, settled, unrecoverable, waiting } from "./outcome.ts";
