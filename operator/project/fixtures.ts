import type { Project, ProjectSpec, ProjectStatus } from "#operator/api/generated/project.ts";

/** A Project as the API server gives it back with all defaults; tests say only what differs. */
export function aProject(spec: Partial<ProjectSpec> = {}, status?: ProjectStatus): Project {
  return {
    apiVersion: "nephele.dev/v1alpha1",
    kind: "Project",
    metadata: {
      name: "team-a",
      uid: "0f1e",
      resourceVersion: "1",
      generation: 1,
      creationTimestamp: "2026-01-01T00:00:00Z",
    },
    spec: {
      domain: "Default",
      enabled: true,
      workloads: false,
      credentials: { rotateEvery: "720h", role: "member" },
      isolation: "Strict",
      publicImages: false,
      protected: false,
      onDelete: "Retain",
      ...spec,
    },
    ...(status === undefined ? {} : { status }),
  };
}
