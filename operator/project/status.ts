import type { Project } from "#operator/api/generated/project.ts";
import { stepCondition } from "#operator/step-condition.ts";
import { type Condition, findCondition, type NewCondition } from "#runtime/api/conditions.ts";
import type { StatusReport } from "#runtime/controller/definition.ts";
import { type Concern, type ConcernResult, concerns, type ProjectFacts } from "./scope.ts";

/** What the status of a Project is made of. */
export interface ProjectReport {
  readonly project: Project;
  readonly facts: ProjectFacts;
  readonly results: ReadonlyMap<Concern, ConcernResult>;
}

/** The status to write. A concern that the pass did not reach keeps its condition. */
export function projectStatus({ project, facts, results }: ProjectReport): StatusReport<Project> {
  const previous = project.status?.conditions;
  return {
    // Fields that are undefined are left out by the writer.
    fields: facts as StatusReport<Project>["fields"],
    conditions: [
      ...concerns.map((type) => stepCondition(type, results.get(type), findCondition(previous, type))),
      enabledCondition(project, results.get("IdentityReady"), findCondition(previous, "Enabled")),
    ],
  };
}

/** Keystone was told when the step of its project was done; a pass that did not get there knows nothing new. */
function enabledCondition(
  { spec }: Project,
  identity: ConcernResult | undefined,
  previous: Condition | undefined,
): NewCondition {
  if (spec.enabled) return { type: "Enabled", status: "True", reason: "Success", message: "" };
  const disabled = { type: "Enabled", status: "False", reason: "ProjectDisabled" } as const;
  if (identity?.kind === "settled")
    return {
      ...disabled,
      message: "spec.enabled is false: no tokens, no rights in the namespace, Servers stop; nothing is deleted",
    };
  if (previous?.status === "False") return previous;
  return { ...disabled, message: "spec.enabled is false, and Keystone has not been told yet: it still gives tokens" };
}
