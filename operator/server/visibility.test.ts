import { describe, expect, test } from "vitest";
import type { Image } from "#operator/api/generated/image.ts";
import { anImage, aServer, CREATED } from "./fixtures.ts";
import { imageAwaits, visibleTo } from "./visibility.ts";

const shared = (status: "True" | "False", sharedWith?: readonly string[], reason = "Shared"): Image["status"] => ({
  phase: "active",
  conditions: [{ type: "Shared", status, reason, message: "", lastTransitionTime: CREATED }],
  ...(sharedWith === undefined ? {} : { sharedWith }),
});

describe("an Image of team-a, to team-b", () => {
  test.each([
    ["does not exist where there is none", undefined, "hidden"],
    ["does not exist where it is private", anImage(), "hidden"],
    [
      "does not exist where it is shared with others",
      anImage({ visibility: "Shared", sharedWith: ["team-c"] }, shared("True", ["team-c"])),
      "hidden",
    ],
    [
      "comes soon where the right is not in place",
      anImage({ visibility: "Shared", sharedWith: ["team-b"] }, shared("False")),
      "soon",
    ],
    [
      "comes soon where only others have the right",
      anImage({ visibility: "Shared", sharedWith: ["team-b"] }, shared("True", [])),
      "soon",
    ],
    [
      "is usable where it is shared",
      anImage({ visibility: "Shared", sharedWith: ["team-b"] }, shared("True", ["team-b"])),
      "usable",
    ],
    ["does not exist where its Project may not publish", anImage({ visibility: "Public" }, shared("False")), "hidden"],
    [
      "does not exist where it is to be public, and others have the right by name still",
      anImage({ visibility: "Public" }, shared("True", ["team-c"])),
      "hidden",
    ],
    [
      "is usable where it is to be public, and is shared by name still",
      anImage({ visibility: "Public" }, shared("True", ["team-b"])),
      "usable",
    ],
    ["is usable where it is public", anImage({ visibility: "Public" }, shared("True", [], "Public")), "usable"],
  ] as const)("%s", (_, image, is) => {
    expect(visibleTo(image, "team-b", "team-b").kind).toBe(is);
  });

  test("is always usable in its own namespace", () => {
    expect(visibleTo(anImage(), "team-a", "team-a").kind).toBe("usable");
  });
});

test.each([
  [{ phase: "active" }, undefined],
  [{ phase: "importing", progress: 42 }, "Image team-a/debian-13 to become active (importing 42 %)"],
  [{ phase: "queued" }, "Image team-a/debian-13 to become active (queued)"],
  [{ phase: "killed", progress: 42 }, "Image team-a/debian-13 to become active (killed)"],
] as const)("%j awaits %j", (status, text) => {
  expect(imageAwaits(anImage({}, status), aServer())).toBe(text);
});

test("why an Image was killed is told to a Server of its own namespace, and to no other", () => {
  const stalled = { type: "Stalled", status: "True", reason: "Failed", message: "the import failed: 404" } as const;
  const killed = anImage({}, { phase: "killed", conditions: [{ ...stalled, lastTransitionTime: CREATED }] });
  expect(imageAwaits(killed, aServer())).toBe(
    "Image team-a/debian-13 to become active (killed: the import failed: 404)",
  );
  const elsewhere = aServer({}, undefined, { namespace: "team-b" });
  expect(imageAwaits(killed, elsewhere)).toBe("Image team-a/debian-13 to become active (killed)");
});
