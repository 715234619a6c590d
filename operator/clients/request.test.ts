import { describe, expect, test } from "vitest";
import { pathOf } from "./request.ts";

describe("pathOf", () => {
  test.each([
    ["a path without placeholders", { route: "/v3" }, "/v3"],
    ["a filled placeholder", { route: "/v3/projects/{id}", params: { id: "abc" } }, "/v3/projects/abc"],
    [
      "an encoded value",
      { route: "/v3/projects/{id}/tags/{tag}", params: { id: "a/b", tag: "x y?" } },
      "/v3/projects/a%2Fb/tags/x%20y%3F",
    ],
    [
      "a query",
      { route: "/v3/users", query: { name: "a&b", limit: 2, gone: undefined } },
      "/v3/users?name=a%26b&limit=2",
    ],
  ])("gives %s", (_, request, path) => {
    expect(pathOf(request)).toBe(path);
  });

  test.each([[{}], [{ id: "" }]])("refuses to name a list where one thing is meant (%j)", (params) => {
    expect(() => pathOf({ route: "/v3/projects/{id}", params })).toThrow("no value for {id}");
  });
});
