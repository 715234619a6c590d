import type { Api } from "../api.ts";
import type { ServiceRequest } from "../request.ts";
import { type Json, listIn, objectIn, textIn } from "../shape.ts";

/** Who has a role. */
export interface Actor {
  readonly kind: "user" | "group";
  readonly id: string;
}

/** A role that somebody has on a project. */
export interface Assignment {
  readonly projectId: string;
  readonly roleId: string;
  readonly actor: Actor;
}

export interface Assignments {
  /** Repeating it changes nothing. Throws NotFound when project, role, user or group is not there. */
  assign(assignment: Assignment): Promise<void>;
  /** Ends the tokens that the actor has for the project. What is not assigned is unassigned already. */
  unassign(assignment: Assignment): Promise<void>;
  /** The direct assignments on a project, of users and of groups; neither inherited ones nor members of groups. */
  listForProject(projectId: string): Promise<readonly Assignment[]>;
}

export function createAssignments(api: Api): Assignments {
  return {
    assign: async (assignment) => void (await api.send(requestOf("PUT", assignment))),
    unassign: (assignment) => api.remove(requestOf("DELETE", assignment)),
    listForProject: (projectId) =>
      api.read({ method: "GET", route: "/v3/role_assignments", query: { "scope.project.id": projectId } }, (json) =>
        listIn(json, "role_assignments").flatMap((each) => parseAssignment(each)),
      ),
  };
}

function requestOf(method: "PUT" | "DELETE", { projectId, roleId, actor }: Assignment): ServiceRequest {
  const route = `/v3/projects/{projectId}/${actor.kind}s/{actorId}/roles/{roleId}`;
  return { method, route, params: { projectId, actorId: actor.id, roleId } };
}

function parseAssignment(json: Json): readonly Assignment[] {
  const scope = objectIn(json, "scope");
  if (scope["OS-INHERIT:inherited_to"] !== undefined) return [];
  const projectId = textIn(objectIn(scope, "project"), "id");
  const kind = json["user"] === undefined ? "group" : "user";
  return [
    {
      projectId,
      roleId: textIn(objectIn(json, "role"), "id"),
      actor: { kind, id: textIn(objectIn(json, kind), "id") },
    },
  ];
}
