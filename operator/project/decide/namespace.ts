import type { Namespace } from "#operator/api/foreign.ts";
import type { Project } from "#operator/api/generated/project.ts";
import { isDeleting } from "#runtime/api/object.ts";
import { CREATED_BY, createdBy, namespaceOf, PROJECT } from "../names.ts";

/** How the Project came to its namespace: only one that we made is ever deleted by us. */
export type NamespaceOrigin = "Made" | "Taken";

export type NamespaceDecision =
  | { readonly kind: "create" }
  | { readonly kind: "use"; readonly origin: NamespaceOrigin }
  /** It is ending: what is in it goes first, then it is made again. */
  | { readonly kind: "ending"; readonly origin: NamespaceOrigin }
  /** It was taken and somebody removed it: only that somebody can make it again. */
  | { readonly kind: "awaited" }
  /** Somebody else's. `problem` says whose and what to do, for the message. */
  | { readonly kind: "foreign"; readonly problem: string };

/**
 * What to do about the namespace.
 * @param current the namespace as it is, if it is there
 * @param recorded what status says about an earlier pass
 */
export function decideNamespace(
  project: Project,
  installationId: string,
  current: Namespace | undefined,
  recorded: NamespaceOrigin | undefined,
): NamespaceDecision {
  if (current === undefined) return recorded === "Taken" ? { kind: "awaited" } : { kind: "create" };
  const origin = originOf(project, installationId, current);
  if (origin !== undefined) return { kind: isDeleting(current) ? "ending" : "use", origin };
  return { kind: "foreign", problem: foreignProblem(project, current) };
}

/**
 * Whether the namespace is this Project's, and how it came to it; undefined where it is not. One that we made and whose
 * owner then let another Project have is that one's alone: two would write over each other.
 */
export function originOf(project: Project, installationId: string, current: Namespace): NamespaceOrigin | undefined {
  const { [PROJECT]: consent, [CREATED_BY]: madeBy } = current.metadata.annotations ?? {};
  if (consent !== undefined && consent !== project.metadata.name) return undefined;
  if (madeBy === createdBy(installationId, project)) return "Made";
  return consent === undefined ? undefined : "Taken";
}

function foreignProblem(project: Project, current: Namespace): string {
  const name = namespaceOf(project);
  const other = current.metadata.annotations?.[PROJECT];
  const owner =
    other === undefined || other === ""
      ? `the namespace ${name} exists and is not this Project's`
      : `the namespace ${name} belongs to the Project ${other}`;
  return (
    `${owner}. Let its owner consent by ` +
    `\`kubectl annotate namespace ${name} ${PROJECT}=${project.metadata.name}\`, or make the Project with another spec.namespace`
  );
}
