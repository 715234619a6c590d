import { describe, expect, test } from "vitest";
import type { ProjectStatusMember } from "#operator/api/generated/project.ts";
import { decideMembers, type Grant, type WantedMember, wantedMembers } from "./members.ts";

const dev: WantedMember = { kind: "User", name: "dev-1", domain: "Default", role: "member" };
const ops: WantedMember = { kind: "Group", name: "operators", domain: "corp", role: "reader" };
const ids: Readonly<Record<string, string>> = { "dev-1": "u1", operators: "g1" };
const idOf = (member: WantedMember): string | undefined => ids[member.name];

const devGrant: Grant = { kind: "User", id: "u1", role: "member" };
const devRecorded: ProjectStatusMember = { ...dev, id: "u1", resolved: true };

describe("the members of a Project", () => {
  test("are users and groups, once each", () => {
    const member = { user: "dev-1", domain: "Default", role: "member" } as const;
    expect(wantedMembers([member, member, { group: "operators", domain: "corp", role: "reader" }])).toEqual([dev, ops]);
  });

  test("are recorded before they get their role", () => {
    const decision = decideMembers([dev], idOf, [], []);
    expect(decision).toMatchObject({ recordFirst: true, grants: [devGrant], planned: [{ id: "u1", resolved: false }] });
  });

  test("get their role when the record is there", () => {
    const decision = decideMembers([dev], idOf, [{ ...devRecorded, resolved: false }], []);
    expect(decision).toMatchObject({ recordFirst: false, grants: [devGrant], drifted: [], done: [devRecorded] });
  });

  test("who have their role cost nothing", () => {
    const decision = decideMembers([dev], idOf, [devRecorded], [devGrant]);
    expect(decision).toEqual({
      planned: [devRecorded],
      done: [devRecorded],
      recordFirst: false,
      grants: [],
      revocations: [],
      missing: [],
      drifted: [],
    });
  });

  test("who lost their role by somebody else's hand are seen as drift and get it back", () => {
    expect(decideMembers([dev], idOf, [devRecorded], [])).toMatchObject({ grants: [devGrant], drifted: [devGrant] });
  });

  test("who are not in Keystone are missing and hold back nobody", () => {
    const stranger: WantedMember = { ...dev, name: "dev-2" };
    const decision = decideMembers([stranger, dev], idOf, [], []);
    expect(decision).toMatchObject({ missing: [stranger], grants: [devGrant] });
    expect(decision.done).toEqual([{ ...stranger, resolved: false }, devRecorded]);
  });

  test("who left the spec lose the role that we gave", () => {
    const decision = decideMembers([], idOf, [devRecorded], [devGrant]);
    expect(decision).toMatchObject({ revocations: [devGrant], done: [], planned: [{ id: "u1", resolved: false }] });
  });

  test("whose role changed get the new one and lose the old one", () => {
    const decision = decideMembers([{ ...dev, role: "reader" }], idOf, [devRecorded], [devGrant]);
    expect(decision).toMatchObject({
      grants: [{ ...devGrant, role: "reader" }],
      revocations: [devGrant],
      recordFirst: true,
    });
  });

  test("never include a role that somebody else gave", () => {
    const foreign: Grant = { kind: "User", id: "u9", role: "manager" };
    expect(decideMembers([dev], idOf, [devRecorded], [devGrant, foreign]).revocations).toEqual([]);
  });

  test("keep a role that was there before they were listed, and it becomes ours", () => {
    const decision = decideMembers([dev], idOf, [], [devGrant]);
    expect(decision).toMatchObject({ grants: [], recordFirst: false, done: [devRecorded] });
  });

  test("who were deleted in Keystone and made again are given their role under the new id", () => {
    const decision = decideMembers([dev], () => "u2", [devRecorded], []);
    expect(decision).toMatchObject({ grants: [{ ...devGrant, id: "u2" }], recordFirst: true, revocations: [] });
  });
});
