import { describe, expect, test } from "vitest";
import type { Entry, HeldEntry } from "#operator/clients/spire/entry.ts";
import { decideEntries } from "./decide.ts";
import { entryId, isOwnedBy, ownerOfCloud } from "./entry-id.ts";
import { nodesEntry, workloadEntry } from "./workload.ts";

const owner = ownerOfCloud({ namespace: "nephele-system", name: "default" });
const now = new Date("2026-11-26T10:00:00Z");
const seconds = now.getTime() / 1000;
const graceMs = 600_000;

const workload = (part: string): Entry =>
  workloadEntry("cloud.test", owner, {
    name: part,
    namespace: "nephele-system",
    serviceAccount: `default-${part}`,
    container: "envoy",
  });
const held = (entry: Entry, more: Partial<HeldEntry> = {}): HeldEntry => ({ ...entry, extras: [], ...more });
const [keystone, barbican] = [workload("keystone"), workload("barbican")];
const foreign = held({ ...workload("keystone"), id: "somebody-else", selectors: ["unix:uid:0"] });

const none = { create: [], update: [], delete: [] };
const decide = (wanted: readonly Entry[], there: readonly HeldEntry[]) =>
  decideEntries({ owner, wanted, there, now, graceMs });

describe("an owner's entries", () => {
  test.each<readonly [string, readonly Entry[], readonly HeldEntry[], object]>([
    ["are made where they are missing", [keystone, barbican], [foreign], { create: [keystone, barbican] }],
    ["are left alone where they are right", [keystone], [held(keystone), foreign], {}],
    [
      "are right with their selectors in any order",
      [keystone],
      [held(keystone, { selectors: [...keystone.selectors].reverse() })],
      {},
    ],
    [
      "are corrected where another identity was written into them",
      [keystone],
      [held(keystone, { spiffeId: "spiffe://cloud.test/admin" })],
      { update: [keystone] },
    ],
    [
      "are corrected where a selector was taken away, so that more have them",
      [keystone],
      [held(keystone, { selectors: keystone.selectors.slice(0, 1) })],
      { update: [keystone] },
    ],
    [
      "are corrected where they were given more, such as rights of administration",
      [keystone],
      [held(keystone, { extras: ["admin"] })],
      { update: [keystone] },
    ],
    [
      "are given an end where nobody needs them any more",
      [keystone],
      [held(keystone), held(barbican)],
      { update: [{ ...held(barbican), expiresAt: seconds + graceMs / 1000 }] },
    ],
    ["are left until that end", [], [held(barbican, { expiresAt: seconds + 1 })], {}],
    ["are deleted after it", [], [held(barbican, { expiresAt: seconds })], { delete: [barbican.id] }],
    [
      "lose their end where they are needed again",
      [barbican],
      [held(barbican, { expiresAt: seconds + 1 })],
      { update: [barbican] },
    ],
    ["are not made where somebody else's says the same", [keystone], [held({ ...keystone, id: "somebody-else" })], {}],
  ])("%s", (_says, wanted, there, changes) => {
    expect(decide(wanted, there)).toEqual({ ...none, ...changes });
  });

  test("are never those of another owner, whose name begins like this one's", () => {
    const others = [
      ownerOfCloud({ namespace: "nephele-system", name: "default-2" }),
      ownerOfCloud({ namespace: "nephele-system-2", name: "default" }),
      "installation",
    ] as const;
    const there = others.map((other) => held({ ...keystone, id: entryId(other, "keystone"), selectors: ["k8s:ns:x"] }));
    expect(decide([], there)).toEqual(none);
    expect(there.some(({ id }) => isOwnedBy(owner, id))).toBe(false);
    expect(isOwnedBy(owner, entryId(owner, "keystone"))).toBe(true);
  });

  test("are stable: once they are written there is nothing to write", () => {
    const wanted = [keystone, barbican];
    const { create } = decide(wanted, []);
    expect(
      decide(
        wanted,
        create.map((entry) => held(entry)),
      ),
    ).toEqual(none);
  });
});

test("a workload is told by its namespace, account and container, and attested by any node of the cluster", () => {
  expect(keystone).toEqual({
    id: "nephele_cloud_nephele-system_default_keystone",
    spiffeId: "spiffe://cloud.test/ns/nephele-system/sa/default-keystone",
    parentId: "spiffe://cloud.test/nodes/nephele",
    selectors: ["k8s:ns:nephele-system", "k8s:sa:default-keystone", "k8s:container-name:envoy"],
  });
  expect(nodesEntry("cloud.test", "installation")).toMatchObject({
    spiffeId: keystone.parentId,
    parentId: "spiffe://cloud.test/spire/server",
    selectors: ["k8s_psat:cluster:nephele"],
  });
});
