import { describe, expect, test } from "vitest";
import type { Image } from "#operator/api/generated/image.ts";
import type { ImportState } from "./decide.ts";
import type { ImageScope } from "./scope.ts";
import { outcomeOf } from "./status.ts";

const NONE: Partial<ImageScope> = {};

/** What is said of an Image of this source, in this state, of which this was found. */
function said(
  state: ImportState,
  {
    source = {},
    status,
    found = NONE,
  }: { source?: object; status?: Image["status"]; found?: Partial<ImageScope> } = {},
): string {
  const object = { metadata: { namespace: "team-a", name: "debian" }, spec: { source }, status };
  const outcome = outcomeOf({ context: { object }, state, ...found } as unknown as ImageScope);
  if (outcome.kind === "settled") return outcome.message ?? "";
  return outcome.kind === "waiting" ? outcome.for : outcome.message;
}

describe("an import that failed", () => {
  const failed = "the import failed: checksum mismatch; mend the source and make the Image again";
  const condition = { type: "Ready", status: "False", observedGeneration: 1, lastTransitionTime: "" } as const;
  const killed = (reason: string): Image["status"] => ({
    conditions: [{ ...condition, reason, message: failed }],
  });

  test("says the importer's own reason", () => {
    expect(said({ phase: "killed", problem: "checksum mismatch" })).toBe(failed);
  });

  test("says the same while it is tried again, when CDI says none, so that nothing is written", () => {
    expect(said({ phase: "killed" }, { status: killed("UnrecoverableError") })).toBe(failed);
  });

  test("says the new reason where that is another", () => {
    expect(said({ phase: "killed", problem: "404" }, { status: killed("UnrecoverableError") })).toContain("404");
  });

  test("says that there is none where the last words are about something else", () => {
    expect(said({ phase: "killed" }, { status: killed("InvalidConfiguration") })).toContain("CDI gave no reason");
  });
});
