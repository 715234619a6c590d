import { describe, expect, test } from "vitest";
import { kindOfAnswer, whatWasSaid } from "./error-answer.ts";

const bytes = (value: unknown): Uint8Array => Buffer.from(typeof value === "string" ? value : JSON.stringify(value));

describe("kindOfAnswer", () => {
  test.each([
    [400, "wrong", "GET", "Invalid"],
    [400, "Secret cannot be deleted as it has consumers.", "DELETE", "Conflict"],
    [401, "no", "GET", "Unauthorized"],
    [403, "You are not authorized to perform the requested action", "GET", "Forbidden"],
    [403, "Secret creation issue seen - Creation not allowed because a quota has been reached.", "POST", "Quota"],
    [404, "Could not find project: x.", "GET", "NotFound"],
    [405, "no", "GET", "Invalid"],
    [409, "taken", "POST", "Conflict"],
    [413, "large", "POST", "TooLarge"],
    [429, "slow", "GET", "Throttled"],
    [500, "oh", "GET", "Unavailable"],
    [502, undefined, "GET", "Unavailable"],
    [302, undefined, "GET", "Unavailable"],
  ] as const)("%i with %j to a %s is %s", (status, said, method, kind) => {
    expect(kindOfAnswer(status, said, method)).toBe(kind);
  });

  test("a 404 that is not the service's own does not mean that the thing is gone", () => {
    expect(kindOfAnswer(404, undefined, "GET")).toBe("Unavailable");
  });

  test("a 404 to HEAD has no body and is believed", () => {
    expect(kindOfAnswer(404, undefined, "HEAD")).toBe("NotFound");
  });
});

describe("whatWasSaid", () => {
  test.each([
    [
      "Keystone's message",
      { error: { code: 404, message: "Could not find user.", title: "Not Found" } },
      "Could not find user.",
    ],
    [
      "Barbican's description",
      { code: 409, title: "Conflict", description: "Secret already has data." },
      "Secret already has data.",
    ],
    ["one line", { message: "Try later.<br /><br />\nKeystone is away.\n\n" }, "Try later. Keystone is away."],
    ["a bare message", { message: "no" }, "no"],
    ["nothing of a page", "<html>504</html>", undefined],
    ["nothing of half an answer", '{"error": {"mess', undefined],
    ["nothing of an empty answer", "", undefined],
    ["nothing of a list", [1], undefined],
  ])("finds %s", (_, body, said) => {
    expect(whatWasSaid(bytes(body))).toBe(said);
  });

  test("takes out what must stay secret, wherever the service quotes it", () => {
    const body = { error: { message: "Password hunter2 is too short: 'hunter2'" } };
    expect(whatWasSaid(bytes(body), ["hunter2", ""])).toBe("Password [removed] is too short: '[removed]'");
  });

  test("is cut to 500 characters, after the secret is taken out", () => {
    const body = { message: `${"x".repeat(496)}hunter2` };
    expect(whatWasSaid(bytes(body), ["hunter2"])).toBe(`${"x".repeat(496)}[rem`);
  });
});
