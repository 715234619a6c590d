import { expect, test } from "vitest";
import { type CustomResourceDefinition, type Schema, typesOf } from "./crd-types.ts";

function crd(
  spec: Schema,
  status: Schema = { type: "object", description: "What is there.", properties: {} },
): CustomResourceDefinition {
  const openAPIV3Schema: Schema = { type: "object", description: "A Thing.", properties: { spec, status } };
  return {
    spec: {
      group: "nephele.dev",
      scope: "Namespaced",
      names: { kind: "Thing", plural: "things" },
      versions: [{ name: "v1alpha1", schema: { openAPIV3Schema } }],
    },
  };
}

async function bodyOf(spec: Schema, status?: Schema): Promise<string> {
  const source = await typesOf(
    crd({ type: "object", description: "As it should be.", ...spec }, status),
    "crds/thing.yaml",
  );
  return source.slice(source.indexOf("/** As it should be. */"));
}

test("says where a file comes from and gives the whole object", async () => {
  const source = await typesOf(crd({ type: "object", properties: {} }), "crds/thing.yaml");
  expect(source).toMatch(/^\/\/ Generated from crds\/thing\.yaml /);
  expect(source).toContain(
    "/** A Thing. */\nexport interface Thing extends KubeObject<ThingSpec, ThingStatus> {\n  readonly spec: ThingSpec;\n}",
  );
});

test.each<readonly [string, Schema, string]>([
  ["a field that may be left out is optional", { properties: { a: { type: "string" } } }, "  readonly a?: string;"],
  ["a required field is not", { required: ["a"], properties: { a: { type: "integer" } } }, "  readonly a: number;"],
  [
    "a field with a default is there, because the API server fills it in",
    { properties: { a: { type: "boolean", default: true } } },
    "  readonly a: boolean;",
  ],
  ["an enum is a union", { properties: { a: { type: "string", enum: ["X", "Y"] } } }, '  readonly a?: "X" | "Y";'],
  [
    "a list is readonly, whatever its limits",
    { properties: { a: { type: "array", maxItems: 1, items: { type: "string" } } } },
    "  readonly a?: readonly string[];",
  ],
  [
    "a list of enums is readonly",
    { properties: { a: { type: "array", items: { type: "string", enum: ["X", "Y"] } } } },
    '  readonly a?: readonly ("X" | "Y")[];',
  ],
  [
    "the objects of a list are named in the singular",
    { properties: { addresses: { type: "array", items: { type: "object", properties: {} } } } },
    "  readonly addresses?: readonly ThingAddress[];",
  ],
  [
    "an object is named after its field",
    { properties: { a: { type: "object", properties: { b: { type: "object", properties: {} } } } } },
    "export interface ThingA {\n  readonly b?: ThingAB;\n}",
  ],
  [
    "a map is readonly",
    { properties: { a: { type: "object", additionalProperties: { type: "string" } } } },
    "    readonly [k: string]: string;",
  ],
  [
    "an object without fields takes none",
    { properties: { a: { type: "object" } } },
    "  readonly a?: Readonly<Record<string, never>>;",
  ],
  [
    "a description is the comment",
    { properties: { a: { type: "string", description: "What it is." } } },
    "  /** What it is. */\n  readonly a?: string;",
  ],
])("%s", async (_says, spec, expected) => {
  expect(await bodyOf(spec)).toContain(expected);
});

test("conditions are the runtime's", async () => {
  const conditions = { type: "array", items: { type: "object", properties: {} } };
  expect(await bodyOf({ properties: {} }, { type: "object", properties: { conditions } })).toContain(
    "  readonly conditions?: readonly Condition[];",
  );
});
