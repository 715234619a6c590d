import type { ProjectMember, ProjectStatusMember } from "#operator/api/generated/project.ts";

export type PrincipalKind = "User" | "Group";
export type MemberRole = ProjectMember["role"];

/** A member of the spec, as Keystone knows it. */
export interface WantedMember {
  readonly kind: PrincipalKind;
  readonly name: string;
  readonly domain: string;
  readonly role: MemberRole;
}

/** A role that a user or group has on the project, given directly. */
export interface Grant {
  readonly kind: PrincipalKind;
  readonly id: string;
  readonly role: MemberRole;
}

export interface MembersDecision {
  /** What status is to say before anything is given or taken: every grant is recorded before it is made. */
  readonly planned: readonly ProjectStatusMember[];
  /** Whether `planned` names a grant that status does not know yet: then it is written first, and nothing is given. */
  readonly recordFirst: boolean;
  /** What status is to say when all of it has been done. */
  readonly done: readonly ProjectStatusMember[];
  readonly grants: readonly Grant[];
  readonly revocations: readonly Grant[];
  /** Members that Keystone does not have. */
  readonly missing: readonly WantedMember[];
  /** Grants that were recorded as made and are not there: somebody took them away. */
  readonly drifted: readonly Grant[];
}

/** The members of the spec without repetitions. */
export function wantedMembers(members: readonly ProjectMember[] = []): readonly WantedMember[] {
  const wanted = new Map<string, WantedMember>();
  for (const { user, group, domain, role } of members) {
    const kind = user === undefined ? "Group" : "User";
    const member: WantedMember = { kind, name: user ?? group ?? "", domain, role };
    wanted.set(JSON.stringify([kind, member.name, domain, role]), member);
  }
  return [...wanted.values()];
}

/**
 * Which roles to give and which to take away. Roles that we never recorded are somebody else's and stay: only what
 * stands in status is ever taken away.
 * @param idOf the id of a wanted member in Keystone; undefined where there is none
 * @param recorded what status says of earlier passes
 * @param assigned what Keystone has on the project
 */
export function decideMembers(
  wanted: readonly WantedMember[],
  idOf: (member: WantedMember) => string | undefined,
  recorded: readonly ProjectStatusMember[],
  assigned: readonly Grant[],
): MembersDecision {
  const isAssigned = has(assigned);
  const isRecorded = has(recorded.flatMap(grantOf));
  const missing: WantedMember[] = [];
  const record: ProjectStatusMember[] = [];
  const wantedGrants: Grant[] = [];
  for (const member of wanted) {
    const id = idOf(member);
    if (id === undefined) {
      missing.push(member);
      record.push({ ...member, resolved: false });
      continue;
    }
    const grant: Grant = { kind: member.kind, id, role: member.role };
    wantedGrants.push(grant);
    record.push({ ...member, id, resolved: isAssigned(grant) });
  }
  const isWanted = has(wantedGrants);
  const leaving = recorded.filter((entry) => grantOf(entry).some((grant) => !isWanted(grant)));
  const grants = wantedGrants.filter((grant) => !isAssigned(grant));
  return {
    planned: [...record, ...leaving.map((entry) => ({ ...entry, resolved: false }))],
    done: record.map((entry) => ({ ...entry, resolved: entry.id !== undefined })),
    recordFirst: grants.some((grant) => !isRecorded(grant)),
    grants,
    revocations: unique(leaving.flatMap(grantOf)).filter(isAssigned),
    missing,
    drifted: recorded
      .filter((entry) => entry.resolved)
      .flatMap(grantOf)
      .filter((grant) => isWanted(grant) && !isAssigned(grant)),
  };
}

function grantOf(entry: ProjectStatusMember): readonly Grant[] {
  return entry.id === undefined ? [] : [{ kind: entry.kind, id: entry.id, role: entry.role }];
}

function keyOfGrant({ kind, id, role }: Grant): string {
  return `${kind}/${id}/${role}`;
}

function has(grants: readonly Grant[]): (grant: Grant) => boolean {
  const keys = new Set(grants.map(keyOfGrant));
  return (grant) => keys.has(keyOfGrant(grant));
}

function unique(grants: readonly Grant[]): readonly Grant[] {
  return [...new Map(grants.map((grant) => [keyOfGrant(grant), grant])).values()];
}
