import { describe, expect, test } from "vitest";
import { apiErrorOf, isApiError } from "./errors.ts";

describe("API errors", () => {
  test("the server's message is kept and the request is named", () => {
    const body = JSON.stringify({ kind: "Status", reason: "Conflict", message: 'conflict with "kubectl": .spec.size' });
    const error = apiErrorOf("patch servers.nephele.dev team-a/web-1", 409, body);
    expect(error.message).toBe('patch servers.nephele.dev team-a/web-1: conflict with "kubectl": .spec.size');
    expect(isApiError(error, "Conflict")).toBe(true);
  });

  test("a name that is taken is told from a conflict of versions", () => {
    expect(apiErrorOf("create x", 409, JSON.stringify({ reason: "AlreadyExists" })).reason).toBe("AlreadyExists");
  });

  test("a body that is no Status is not quoted: it may hold anything", () => {
    const error = apiErrorOf("get secrets a/b", 502, "<html>hunter2</html>");
    expect(error.message).toBe("get secrets a/b: the API server answered 502");
  });

  test("Retry-After is in milliseconds, and nonsense in it is ignored", () => {
    expect(apiErrorOf("x", 429, "", "2").retryAfterMs).toBe(2000);
    expect(apiErrorOf("x", 429, "", "soon").retryAfterMs).toBeUndefined();
  });
});
