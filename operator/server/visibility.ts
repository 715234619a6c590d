import type { Image } from "#operator/api/generated/image.ts";
import { isTrue } from "#runtime/api/conditions.ts";

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
  switch (image.spec.visibility) {
    case "Private":
      return { kind: "hidden" };
    case "Public":
      // Whether its Project may publish at all, its controller has judged.
      return shared ? { kind: "usable" } : { kind: "hidden" };
    case "Shared":
      if (image.spec.sharedWith?.includes(projectName) !== true) return { kind: "hidden" };
      return shared && image.status?.sharedWith?.includes(projectName) === true ? { kind: "usable" } : { kind: "soon" };
    default:
      return image.spec.visibility satisfies never;
  }
}

/** What is missing until Servers can be built from it, in words that follow "waiting for"; undefined: nothing. */
export function imageAwaits(image: Image): string | undefined {
  const { phase, progress } = image.status ?? {};
  if (phase === "active") return undefined;
  const percent = phase === "importing" && progress !== undefined ? ` ${progress} %` : "";
  return `Image ${image.metadata.namespace}/${image.metadata.name} to become active (${phase ?? "queued"}${percent})`;
}
