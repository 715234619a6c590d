import type { Namespace } from "#operator/api/foreign.ts";
import type { Project } from "#operator/api/generated/project.ts";
import type { Desired } from "#runtime/api/object.ts";
import { CREATED_BY, createdBy, namespaceOf, POD_SECURITY, PROJECT, PROTECTED } from "../names.ts";

/** The highest level in which KubeVirt's launchers and CDI's importers are known to run. */
const POD_SECURITY_LEVEL = "baseline";

/** A namespace of our making: it says so, and it consents to its Project so that a Project made again may take it. */
export function newNamespace(project: Project, installationId: string): Desired {
  const labelled = namespaceLabels(project, undefined);
  const annotations = { [PROJECT]: project.metadata.name, [CREATED_BY]: createdBy(installationId, project) };
  return { ...labelled, metadata: { ...labelled.metadata, annotations } };
}

/**
 * The labels that a Project's namespace carries, made or taken. A stricter Pod Security level that its owner set stays.
 * @param current the namespace as it is
 */
export function namespaceLabels(project: Project, current: Namespace | undefined): Desired {
  const stricter = current?.metadata.labels?.[POD_SECURITY] === "restricted";
  return {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      name: namespaceOf(project),
      ...(current === undefined ? {} : { uid: current.metadata.uid }),
      labels: {
        [PROJECT]: project.metadata.name,
        [PROTECTED]: String(project.spec.protected),
        ...(stricter ? {} : { [POD_SECURITY]: POD_SECURITY_LEVEL }),
      },
    },
  };
}
