import { findCondition } from "#runtime/api/conditions.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { decideMembers, type Grant, type MemberRole, type WantedMember, wantedMembers } from "../decide/members.ts";
import { goOnWithout, notLookedAt, type ProjectScope } from "../scope.ts";
import type { Assignment, ProjectKeystone } from "../services.ts";
import { AWAITED_POLL_MS, keystoneOf } from "./keystone-project.ts";

/** The role by which the operator acts inside the project. */
const OPERATOR_ROLE = "member";
const RECORDED_AGAIN_MS = 1;

type RoleIds = ReadonlyMap<MemberRole, string>;

/** Members have their roles, those who left have not, and the operator may act in the project. */
export async function ensureMembers(scope: ProjectScope, signal: AbortSignal): Promise<Outcome> {
  const { facts, project } = scope;
  if (facts.id === undefined) return notLookedAt;
  if (!scope.compares) return waitOn(scope);
  const projectId = facts.id;
  const keystone = keystoneOf(scope, signal);
  const roles = await roleIds(keystone);
  const assignments = await keystone.assignments.listForProject(projectId);
  scope.assignments = assignments;
  const missingRole = await ensureOperator(keystone, projectId, assignments, roles);
  if (missingRole !== undefined) return missingRole;

  const wanted = wantedMembers(project.spec.members).filter(({ role }) => roles.has(role));
  const recorded = facts.members ?? [];
  const ids = await resolveIds(keystone, wanted, recorded, grantsOf(assignments, roles));
  const decision = decideMembers(wanted, (member) => ids.get(member), recorded, grantsOf(assignments, roles));
  if (decision.recordFirst) {
    facts.members = decision.planned;
    return waiting("the record of the members in status, before they get their roles", {
      pollAfterMs: RECORDED_AGAIN_MS,
    });
  }
  const actOn = async (grants: readonly Grant[], act: "assign" | "unassign"): Promise<void> => {
    for (const grant of grants) await keystone.assignments[act]({ projectId, ...assignmentOf(grant, roles) });
  };
  await actOn(decision.revocations, "unassign");
  await actOn(decision.grants, "assign");
  facts.members = decision.done;
  if (decision.drifted.length > 0) {
    const who = decision.drifted.map(({ kind, id, role }) => `${role} of ${kind.toLowerCase()} ${id}`).join(", ");
    scope.event("Warning", "DriftCorrected", `Gave back on the Keystone project ${projectId}: ${who}`);
  }
  const awaited = [
    ...decision.missing.map(({ kind, name, domain }) => `Keystone ${kind.toLowerCase()} ${name} in domain ${domain}`),
    ...missingRoles(project.spec.members ?? [], roles),
  ];
  return awaited.length === 0 ? settled() : goOnWithout(scope, "MembersReady", waiting(awaited.join(", ")));
}

/** Between two comparisons: who was waited for still is. */
function waitOn(scope: ProjectScope): Outcome {
  const last = findCondition(scope.project.status?.conditions, "MembersReady");
  if (last?.status !== "False") return notLookedAt;
  return goOnWithout(scope, "MembersReady", waiting(last.message.replace(/^Waiting for /, "")));
}

const memberRoles = ["reader", "member", "manager"] as const satisfies readonly MemberRole[];

async function roleIds(keystone: ProjectKeystone): Promise<RoleIds> {
  const ids = new Map<MemberRole, string>();
  for (const role of memberRoles) {
    const found = await keystone.roles.findByName(role);
    if (found !== undefined) ids.set(role, found.id);
  }
  return ids;
}

function missingRoles(members: readonly { readonly role: MemberRole }[], roles: RoleIds): readonly string[] {
  return [...new Set(members.map(({ role }) => role))]
    .filter((role) => !roles.has(role))
    .map((role) => `Keystone role ${role}`);
}

async function ensureOperator(
  keystone: ProjectKeystone,
  projectId: string,
  assignments: readonly Assignment[],
  roles: RoleIds,
): Promise<Outcome | undefined> {
  const roleId = roles.get(OPERATOR_ROLE);
  if (roleId === undefined) return waiting(`Keystone role ${OPERATOR_ROLE}`, { pollAfterMs: AWAITED_POLL_MS });
  const { userId } = await keystone.whoAmI();
  const has = assignments.some(({ actor, roleId: given }) => actor.id === userId && given === roleId);
  if (!has) await keystone.assignments.assign({ projectId, roleId, actor: { kind: "user", id: userId } });
  return undefined;
}

/**
 * The ids of the wanted members. One that is recorded and still has its role is the same user; only the others are
 * looked up by name, so that a Project at rest costs no look-ups.
 */
async function resolveIds(
  keystone: ProjectKeystone,
  wanted: readonly WantedMember[],
  recorded: NonNullable<ProjectScope["facts"]["members"]>,
  assigned: readonly Grant[],
): Promise<ReadonlyMap<WantedMember, string>> {
  const ids = new Map<WantedMember, string>();
  const domains = new Map<string, string | undefined>();
  for (const member of wanted) {
    const known = recorded.find(
      ({ kind, name, domain, role, id }) =>
        kind === member.kind &&
        name === member.name &&
        domain === member.domain &&
        role === member.role &&
        id !== undefined,
    );
    if (known?.id !== undefined && assigned.some(({ id, role }) => id === known.id && role === member.role)) {
      ids.set(member, known.id);
      continue;
    }
    if (!domains.has(member.domain)) domains.set(member.domain, (await keystone.domains.findByName(member.domain))?.id);
    const domainId = domains.get(member.domain);
    if (domainId === undefined) continue;
    const kind = member.kind === "User" ? keystone.users : keystone.groups;
    const found = await kind.findByName(domainId, member.name);
    if (found !== undefined) ids.set(member, found.id);
  }
  return ids;
}

/** The assignments that could be a member's: of the three roles. */
function grantsOf(assignments: readonly Assignment[], roles: RoleIds): readonly Grant[] {
  const nameOf = new Map([...roles].map(([name, id]) => [id, name]));
  return assignments.flatMap(({ roleId, actor }) => {
    const role = nameOf.get(roleId);
    return role === undefined ? [] : [{ kind: actor.kind === "user" ? "User" : "Group", id: actor.id, role } as const];
  });
}

function assignmentOf(grant: Grant, roles: RoleIds): Assignment {
  const roleId = roles.get(grant.role);
  if (roleId === undefined) throw new Error(`Keystone has no role ${grant.role}`);
  return { roleId, actor: { kind: grant.kind === "User" ? "user" : "group", id: grant.id } };
}
