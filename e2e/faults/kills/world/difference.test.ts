import { describe, expect, test } from "vitest";
import { difference, differenceText } from "./difference.ts";
import { type Told, worldOf } from "./world.ts";

const ONE = "0a1b2c3d-0a1b-4c2d-8e3f-0a1b2c3d4e5f";
const TWO = "1a1b2c3d-0a1b-4c2d-8e3f-0a1b2c3d4e5f";
const PROJECT = "2a1b2c3d0a1b4c2d8e3f0a1b2c3d4e5f";

interface Kept {
  readonly id: string;
  readonly hasPayload?: boolean;
}

/** A Secret of ours, and what Barbican holds for it. */
function told(life: string, refersTo: string, kept: readonly Kept[]): readonly Told[] {
  const called = `team/${life} version 1`;
  const secrets = kept.map(({ hasPayload = true }) => ({
    what: "Barbican secret",
    name: `${called} in ${PROJECT}`,
    is: { hasPayload, mark: { "nephele-mac": `${life} salted` } },
  }));
  const status = { refs: { secret: `https://barbican/v1/secrets/${refersTo}` }, createdAt: "2026-11-25T15:00:00Z" };
  return [
    {
      things: [...secrets, { what: "Kubernetes secrets.nephele.dev", name: `team/${life}`, is: { status } }],
      ids: new Map(kept.map(({ id }) => [id, `<secret ${called}>`])),
    },
    { things: [], ids: new Map([[PROJECT, "<project team>"]]) },
  ];
}

const world = (life: string, refersTo: string, kept: readonly Kept[]) =>
  worldOf(told(life, refersTo, kept), new Map([[life, "LIFE"]]));
const undisturbed = world("kill-001", ONE, [{ id: ONE }]);

describe("two worlds", () => {
  test("are the same where only names, ids, times and salted values are others", () => {
    expect(difference(undisturbed, world("kill-002", TWO, [{ id: TWO }]))).toBeUndefined();
  });

  test("what an id stands for is compared: one that leads nowhere is seen", () => {
    const found = difference(undisturbed, world("kill-002", ONE, [{ id: TWO }]));
    expect(found?.changed).toEqual([
      'Kubernetes secrets.nephele.dev team/LIFE at .status.refs.secret: "https://barbican/v1/secrets/<an id>", not "https://barbican/v1/secrets/<secret team/LIFE version 1>"',
    ]);
  });

  test("control: a second secret of a version is doubled, whole or half made", () => {
    for (const hasPayload of [true, false]) {
      const found = difference(undisturbed, world("kill-002", TWO, [{ id: TWO }, { id: ONE, hasPayload }]));
      expect(found?.doubled).toEqual(["Barbican secret team/LIFE version 1 in <project team> #2"]);
    }
  });

  test("control: something of another name is orphaned, something that is not there is missing", () => {
    const nothing = {};
    expect(difference(nothing, undisturbed)).toMatchObject({ doubled: [], orphaned: Object.keys(undisturbed) });
    const found = difference(undisturbed, nothing);
    expect(found).toMatchObject({ missing: Object.keys(undisturbed), changed: [] });
    expect(found && differenceText(found)).toContain("missing: Kubernetes secrets.nephele.dev team/LIFE");
  });
});
