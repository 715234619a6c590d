import { describe, expect, test } from "vitest";
import type { CustomResourceDefinition, Schema } from "./crd-types.ts";
import { breakingChanges } from "./schema-comparison.ts";

const text: Schema = { type: "string", maxLength: 63 };

function crd(schema: Schema, spec: Partial<CustomResourceDefinition["spec"]> = {}): CustomResourceDefinition {
  return {
    spec: {
      group: "nephele.dev",
      scope: "Namespaced",
      names: { kind: "Server", plural: "servers" },
      versions: [{ name: "v1alpha1", schema: { openAPIV3Schema: schema } }],
      ...spec,
    },
  };
}

/** A schema with one field, `x`. */
function field(schema: Schema, more: Schema = {}): Schema {
  return { type: "object", properties: { x: schema }, ...more };
}

const ADDS: readonly (readonly [string, Schema, Schema])[] = [
  ["nothing changes", field(text), field(text)],
  ["a field is added", field(text), { type: "object", properties: { x: text, y: text } }],
  [
    "a field with required fields of its own is added",
    { type: "object", properties: {} },
    field(field(text, { required: ["x"] })),
  ],
  ["a required field with a default is added", field(text), field({ ...text, default: "a" }, { required: ["x"] })],
  ["a field is no longer required", field(text, { required: ["x"] }), field(text)],
  ["a maximum is raised", field(text), field({ ...text, maxLength: 64 })],
  ["a maximum is dropped", field(text), field({ type: "string" })],
  ["a minimum is lowered", field({ type: "integer", minimum: 2 }), field({ type: "integer", minimum: 1 })],
  ["a minimum of zero is added to a length", field(text), field({ ...text, minLength: 0 })],
  ["an enum value is added", field({ type: "string", enum: ["a"] }), field({ type: "string", enum: ["a", "b"] })],
  ["an enum is dropped", field({ type: "string", enum: ["a"] }), field({ type: "string" })],
  ["a pattern is dropped", field({ ...text, pattern: "^a$" }), field(text)],
  ["a default is added", field(text), field({ ...text, default: "a" })],
  ["a description changes", field({ ...text, description: "One." }), field({ ...text, description: "Two." })],
];

const BREAKS: readonly (readonly [string, Schema, Schema, string])[] = [
  ["a field is removed", field(text), { type: "object", properties: {} }, "v1alpha1.x: was removed"],
  [
    "a field in a list is removed",
    field({ type: "array", items: field(text) }),
    field({ type: "array", items: { type: "object" } }),
    "v1alpha1.x[].x: was removed",
  ],
  [
    "the values of a map lose a field",
    field({ type: "object", additionalProperties: field(text) }),
    field({ type: "object", additionalProperties: { type: "object" } }),
    "v1alpha1.x{}.x: was removed",
  ],
  [
    "a map becomes fixed fields",
    field({ type: "object", additionalProperties: text }),
    field({ type: "object" }),
    "v1alpha1.x{}: was removed",
  ],
  ["a type changes", field(text), field({ type: "integer" }), "v1alpha1.x: type was changed"],
  ["a known field becomes required", field(text), field(text, { required: ["x"] }), "v1alpha1.x: became required"],
  [
    "a new field is required",
    { type: "object", properties: {} },
    field(text, { required: ["x"] }),
    "v1alpha1.x: became required",
  ],
  ["a maximum is lowered", field(text), field({ ...text, maxLength: 62 }), "v1alpha1.x: maxLength was lowered to 62"],
  [
    "a maximum is added",
    field({ type: "array", items: text }),
    field({ type: "array", items: text, maxItems: 9 }),
    "v1alpha1.x: maxItems was lowered to 9",
  ],
  [
    "a minimum is raised",
    field({ type: "integer", minimum: 1 }),
    field({ type: "integer", minimum: 2 }),
    "v1alpha1.x: minimum was raised to 2",
  ],
  [
    "a minimum of zero is added to a number",
    field({ type: "integer" }),
    field({ type: "integer", minimum: 0 }),
    "v1alpha1.x: minimum was raised to 0",
  ],
  ["a minimum length is added", field(text), field({ ...text, minLength: 1 }), "v1alpha1.x: minLength was raised to 1"],
  [
    "an enum value is removed",
    field({ type: "string", enum: ["a", "b"] }),
    field({ type: "string", enum: ["b"] }),
    "v1alpha1.x: enum value a was removed",
  ],
  ["an enum is added", field({ type: "string" }), field({ type: "string", enum: ["a"] }), "v1alpha1.x: enum was added"],
  ["a pattern is added", field(text), field({ ...text, pattern: "^a$" }), "v1alpha1.x: pattern was added"],
  [
    "a format changes",
    field({ ...text, format: "date" }),
    field({ ...text, format: "date-time" }),
    "v1alpha1.x: format was changed",
  ],
  [
    "a default changes",
    field({ ...text, default: "a" }),
    field({ ...text, default: "b" }),
    "v1alpha1.x: default was changed",
  ],
  ["a default is removed", field({ ...text, default: "a" }), field(text), "v1alpha1.x: default was removed"],
  [
    "a list is merged otherwise",
    field({ type: "array", items: text, "x-kubernetes-list-type": "set" }),
    field({ type: "array", items: text, "x-kubernetes-list-type": "atomic" }),
    "v1alpha1.x: x-kubernetes-list-type was changed",
  ],
  [
    "a list's keys change",
    field({ type: "array", items: text, "x-kubernetes-list-map-keys": ["a"] }),
    field({ type: "array", items: text, "x-kubernetes-list-map-keys": ["b"] }),
    "v1alpha1.x: x-kubernetes-list-map-keys was changed",
  ],
];

describe("what only adds is no breaking change", () => {
  test.each(ADDS)("%s", (_name, before, after) => {
    expect(breakingChanges(crd(before), crd(after))).toEqual([]);
  });
});

describe("what narrows or loses is a breaking change, and says where", () => {
  test.each(BREAKS)("%s", (_name, before, after, expected) => {
    expect(breakingChanges(crd(before), crd(after))).toEqual([expected]);
  });

  test("a version is removed", () => {
    const after = crd(field(text), { versions: [{ name: "v1", schema: { openAPIV3Schema: field(text) } }] });
    expect(breakingChanges(crd(field(text)), after)).toEqual(["version v1alpha1 was removed"]);
  });

  test("the kind's place changes", () => {
    const after = crd(field(text), { scope: "Cluster", names: { kind: "Server", plural: "machines" } });
    expect(breakingChanges(crd(field(text)), after)).toEqual(["scope was changed", "plural was changed"]);
  });
});
