import type { Image } from "#operator/api/generated/image.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { findCondition, isTrue } from "#runtime/api/conditions.ts";

export type Visible =
  | { readonly kind: "usable" }
  /** The owner said yes, and the right is not in place yet. */
  | { readonly kind: "soon" }
  /** To this Project the Image does not exist. */
  | { readonly kind: "hidden" };

/**
 * Whether a Server of a Project may be built from an Image. The rule is looked at here first; CDI and KubeVirt hold
 * it again by the RoleBinding that the Image's controller makes.
 * @param namespace where the Server is
 * @param projectName the Project of that namespace
 */
export function visibleTo(image: Image | undefined, namespace: string, projectName: string): Visible {
  if (image === undefined) return { kind: "hidden" };
  if (image.metadata.namespace === namespace) return { kind: "usable" };
  const shared = isTrue(image.status?.conditions, "Shared");
  // Who has the right now, which is not always whom the spec names now.
  const toAll = findCondition(image.status?.conditions, "Shared")?.reason === "Public";
  const byName = image.status?.sharedWith?.includes(projectName) === true;
  switch (image.spec.visibility) {
    case "Private":
      return { kind: "hidden" };
    case "Public":
      // Whether its Project may publish at all, its controller has judged.
      return shared && (byName || toAll) ? { kind: "usable" } : { kind: "hidden" };
    case "Shared":
      if (image.spec.sharedWith?.includes(projectName) !== true) return { kind: "hidden" };
      return shared && byName ? { kind: "usable" } : { kind: "soon" };
    default:
      return image.spec.visibility satisfies never;
  }
}

/**
 * What is missing until a Server can be built from it, in words that follow "waiting for"; undefined: nothing. Why an Image
 * will not become active is told in its own namespace alone: an importer's words may name what others are not to know.
 */
export function imageAwaits(image: Image, { metadata: { namespace } }: Server): string | undefined {
  const { phase, progress, conditions } = image.status ?? {};
  if (phase === "active") return undefined;
  const percent = phase === "importing" && progress !== undefined ? ` ${progress} %` : "";
  const stalled = findCondition(conditions, "Stalled");
  const told = stalled?.status === "True" && image.metadata.namespace === namespace ? `: ${stalled.message}` : "";
  return `Image ${image.metadata.namespace}/${image.metadata.name} to become active (${phase ?? "queued"}${percent}${told})`;
}
