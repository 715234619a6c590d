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

describe("an upload", () => {
  const source = { upload: {} };
  const command = "virtctl image-upload dv debian -n team-a --no-create --image-path <file>";

  test("is asked for when its server is up, and not before", () => {
    expect(said({ phase: "queued" }, { source })).toBe("the server of the upload to start");
    expect(said({ phase: "queued", takesUpload: true }, { source })).toBe(`an upload: ${command}`);
  });

  test("says what is amiss with its server, and what the last try said", () => {
    expect(
      said({ phase: "queued", problem: "no such image" }, { source, found: { unplaced: "Insufficient cpu" } }),
    ).toBe(
      "the server of the upload to start; the last try said: no such image; no node takes a pod for it: Insufficient cpu",
    );
    expect(said({ phase: "queued", takesUpload: true, problem: "torn" }, { source })).toBe(
      `an upload: ${command}; the last try said: torn`,
    );
  });
});

describe("a copy", () => {
  const source = { volume: { name: "web-1-root-1" } };
  const inUse = "Server web-1 to stop: its disk is in use";

  test("says what has to end first, and what keeps its pods", () => {
    expect(said({ phase: "importing" }, { source, found: { inUse } })).toBe(inUse);
    expect(said({ phase: "importing" }, { source, found: { inUse, unplaced: "Insufficient cpu" } })).toBe(
      `${inUse}; no node takes a pod for it: Insufficient cpu`,
    );
    expect(said({ phase: "importing", progress: 7 }, { source })).toBe(
      "DataVolume debian to be imported (importing 7 %)",
    );
  });
});

test("an importer that no node takes says so, and why where that is known", () => {
  const state = { phase: "queued", isUnplaced: true } as const;
  const begin = "DataVolume debian to be imported (queued; no node takes its importer: ";
  expect(said(state, { found: { unplaced: "Insufficient cpu" } })).toBe(`${begin}Insufficient cpu)`);
  expect(said(state)).toBe(`${begin}its pod does not say why)`);
});
