import { describe, expect, test } from "vitest";
import { isUncounted, type Service, writeText } from "./services.ts";

describe("a write in words", () => {
  const cases: readonly (readonly [Service, string, string, string])[] = [
    ["kubernetes", "POST", "/api/v1/namespaces", "POST namespaces"],
    ["kubernetes", "PATCH", "/api/v1/namespaces/team-a?fieldManager=x", "PATCH namespaces"],
    ["kubernetes", "POST", "/api/v1/namespaces/team-a/secrets", "POST secrets"],
    [
      "kubernetes",
      "PATCH",
      "/apis/nephele.dev/v1alpha1/projects/a/status?force=true",
      "PATCH projects.nephele.dev/status",
    ],
    ["kubernetes", "PATCH", "/apis/nephele.dev/v1alpha1/namespaces/a/secrets/b", "PATCH secrets.nephele.dev"],
    ["barbican", "PUT", "/v1/secrets/0a1b2c3d-0a1b-4c2d-8e3f-0a1b2c3d4e5f/metadata", "PUT /v1/secrets/{id}/metadata"],
    [
      "keystone",
      "PUT",
      "/v3/projects/0a1b2c3d0a1b4c2d8e3f0a1b2c3d4e5f/users/1a1b2c3d0a1b4c2d8e3f0a1b2c3d4e5f/roles/2a1b2c3d0a1b4c2d8e3f0a1b2c3d4e5f",
      "PUT /v3/projects/{id}/users/{id}/roles/{id}",
    ],
  ];
  test.each(cases)("%s %s %s", (service, method, path, text) => {
    expect(writeText(service, { method, path })).toBe(text);
  });
});

describe("what does not count", () => {
  test.each([
    ["kubernetes", "/apis/coordination.k8s.io/v1/namespaces/nephele-system/leases/nephele-operator", true],
    ["kubernetes", "/apis/events.k8s.io/v1/namespaces/team-a/events", true],
    ["kubernetes", "/api/v1/namespaces/team-a/secrets", false],
    ["keystone", "/v3/auth/tokens", true],
    ["keystone", "/v3/users", false],
    ["barbican", "/v1/orders", false],
  ] as const)("%s %s: %s", (service, path, uncounted) => {
    expect(isUncounted(service)("POST", path)).toBe(uncounted);
  });
});
