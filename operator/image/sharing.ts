import type { RoleBinding } from "#operator/api/foreign.ts";
import type { Image } from "#operator/api/generated/image.ts";
import type { Project } from "#operator/api/generated/project.ts";
import { isTrue } from "#runtime/api/conditions.ts";
import { isOurs } from "./children.ts";

export type Sharing =
  | { readonly kind: "none" }
  /** The Project may not publish. */
  | { readonly kind: "refused"; readonly problem: string }
  /** The Role or RoleBinding that would share it is somebody else's. */
  | { readonly kind: "taken"; readonly problem: string }
  /** Or of an Image that had the name before. */
  | { readonly kind: "leaving"; readonly what: string }
  | {
      readonly kind: "shared";
      /** Namespaces of the Projects that may use it. */
      readonly namespaces: readonly string[];
      /** Names of those Projects; of no use for a public Image, which all may use. */
      readonly projects: readonly string[];
      /** Projects that are named and not there yet. */
      readonly awaited: readonly string[];
    };

/** The namespace that a Project has; undefined until it has taken one. */
export function namespaceOf(project: Project): string | undefined {
  return project.status?.namespace;
}

/**
 * Who may use an Image.
 * @param own the Project of the Image's namespace
 * @param all all Projects
 */
export function decideSharing(image: Image, own: Project | undefined, all: readonly Project[]): Sharing {
  const { visibility, sharedWith = [] } = image.spec;
  if (visibility === "Private") return { kind: "none" };
  const others = all.filter((project) => namespaceOf(project) !== image.metadata.namespace);
  if (visibility === "Public") {
    if (own?.spec.publicImages !== true) {
      const who = own === undefined ? `namespace ${image.metadata.namespace}` : `Project ${own.metadata.name}`;
      return {
        kind: "refused",
        problem: `${who} may not publish Images: choose Private or Shared, or have an administrator set publicImages of the Project`,
      };
    }
    return {
      kind: "shared",
      namespaces: others.flatMap((project) => namespaceOf(project) ?? []),
      projects: [],
      awaited: [],
    };
  }
  const named = new Map(all.map((project) => [project.metadata.name, project]));
  const projects: string[] = [];
  const namespaces: string[] = [];
  const awaited: string[] = [];
  for (const name of sharedWith) {
    const project = named.get(name);
    const namespace = project === undefined ? undefined : namespaceOf(project);
    if (namespace === undefined) awaited.push(name);
    else {
      projects.push(name);
      if (namespace !== image.metadata.namespace) namespaces.push(namespace);
    }
  }
  return { kind: "shared", namespaces, projects: projects.toSorted(), awaited };
}

/**
 * Whether somebody has a right to the Image, or is told to have one, that nobody gives any more.
 * @param binding the RoleBinding of the name by which the Image is shared
 */
export function isToBeTakenBack(image: Image, sharing: Sharing, binding: RoleBinding | undefined): boolean {
  const mayUse = sharing.kind === "shared" ? sharing.namespaces : [];
  const given = binding !== undefined && isOurs(binding, image) ? (binding.subjects ?? []) : [];
  if (given.some(({ namespace }) => namespace === undefined || !mayUse.includes(namespace))) return true;
  return sharing.kind !== "shared" && isTrue(image.status?.conditions, "Shared");
}
