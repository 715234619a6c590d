import { describe, expect, test } from "vitest";
import { decideRestore, type RestoreDecision, type RestoreFacts, type RestoreNote } from "./restore.ts";

const wanted = "20261125T100000Z";
const other = "20261124T100000Z";
const note = (over: Partial<RestoreNote> = {}): RestoreNote => ({
  name: wanted,
  keysHeld: false,
  completedAt: undefined,
  ...over,
});
const completedAt = "2026-11-25T11:00:00Z";

const facts: RestoreFacts = {
  wanted,
  note: undefined,
  namespace: "nephele-system",
  restorableIn: "nephele-system",
  dataExists: false,
};

describe("a restore", () => {
  test.each<[string, Partial<RestoreFacts>, RestoreDecision["kind"]]>([
    ["is none where none is wanted, whatever is there", { wanted: undefined, dataExists: true }, "none"],
    ["begins where nothing is there", {}, "begin"],
    ["is refused over what is there", { dataExists: true }, "refuse"],
    ["is refused in another namespace than Nephele's", { namespace: "team-a" }, "refuse"],
    ["goes on with the keys", { note: note() }, "keys"],
    ["goes on with the databases once the keys are held", { note: note({ keysHeld: true }) }, "databases"],
    ["is done once", { note: note({ keysHeld: true, completedAt }) }, "done"],
    [
      "stays done when the wish is taken out",
      { wanted: undefined, note: note({ keysHeld: true, completedAt }) },
      "done",
    ],
    ["that is not ended is not left half", { wanted: undefined, note: note({ keysHeld: true }) }, "refuse"],
    ["that is not ended is not followed by another", { note: note({ name: other }) }, "refuse"],
    ["is refused over what another brought", { note: note({ name: other, keysHeld: true, completedAt }) }, "refuse"],
  ])("%s", (_says, given, kind) => {
    expect(decideRestore({ ...facts, ...given }).kind).toBe(kind);
  });

  test("that is refused says what is there and what to do", () => {
    expect(decideRestore({ ...facts, dataExists: true })).toMatchObject({
      problem: expect.stringMatching(/nothing is restored over them: take spec.restore out, or delete/) as string,
    });
  });
});
