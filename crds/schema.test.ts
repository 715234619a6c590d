import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { CustomResourceDefinition, Schema } from "../tools/crd-types.ts";

const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith(".yaml"));

interface Field {
  readonly at: string;
  readonly schema: Schema;
}

/** A schema and all below it. */
function fieldsOf(schema: Schema, at: string): readonly Field[] {
  const children = Object.entries(schema.properties ?? {}).flatMap(([name, child]) => fieldsOf(child, `${at}.${name}`));
  const items = schema.items === undefined ? [] : fieldsOf(schema.items, `${at}[]`);
  const values = schema.additionalProperties === undefined ? [] : fieldsOf(schema.additionalProperties, `${at}{}`);
  return [{ at, schema }, ...children, ...items, ...values];
}

describe.each(files)("%s", (file) => {
  const crd = parse(readFileSync(join(import.meta.dirname, file), "utf8")) as CustomResourceDefinition;
  const fields = crd.spec.versions.flatMap(({ name, schema }) => fieldsOf(schema.openAPIV3Schema, name));
  const without = (fits: (schema: Schema) => boolean) =>
    fields.filter(({ schema }) => !fits(schema)).map(({ at }) => at);

  test("describes each field in a sentence", () => {
    expect(without(({ description }) => description?.endsWith(".") === true)).toEqual([]);
  });

  test("gives each text a maximum or a list of values", () => {
    expect(without(({ type, ...schema }) => type !== "string" || "maxLength" in schema || "enum" in schema)).toEqual(
      [],
    );
  });

  test("gives each list a maximum and says how two writers' lists are merged", () => {
    const fits = ({ type, ...schema }: Schema) =>
      type !== "array" || ("maxItems" in schema && "x-kubernetes-list-type" in schema);
    expect(without(fits)).toEqual([]);
  });

  test("gives each map of free names a maximum", () => {
    expect(without((schema) => schema.additionalProperties === undefined || "maxProperties" in schema)).toEqual([]);
  });

  test("keeps no field that it does not know", () => {
    expect(without((schema) => !("x-kubernetes-preserve-unknown-fields" in schema))).toEqual([]);
  });

  test("gives each CEL rule a message", () => {
    const rules = fields.flatMap(
      ({ schema }) => (schema["x-kubernetes-validations"] ?? []) as readonly { message?: string }[],
    );
    expect(rules.filter(({ message }) => message === undefined || message === "")).toEqual([]);
  });
});
