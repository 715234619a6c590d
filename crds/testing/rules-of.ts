import type { Schema } from "../../tools/crd-types.ts";

/** A CEL rule of a schema: where its refusal points (list indexes as `[]`), and what it says. */
export interface Rule {
  readonly at: string;
  readonly message: string;
}

interface Validation {
  readonly message?: string;
  readonly fieldPath?: string;
}

/** All CEL rules in a schema, its children's too. */
export function rulesOf(schema: Schema, at = ""): readonly Rule[] {
  const own = (schema["x-kubernetes-validations"] ?? []) as readonly Validation[];
  const children = Object.entries(schema.properties ?? {});
  return [
    ...own.map(({ message, fieldPath }) => ({ at: `${at}${fieldPath ?? ""}`, message: message ?? "" })),
    ...children.flatMap(([name, child]) => rulesOf(child, at === "" ? name : `${at}.${name}`)),
    ...(schema.items === undefined ? [] : rulesOf(schema.items, `${at}[]`)),
    ...(schema.additionalProperties === undefined ? [] : rulesOf(schema.additionalProperties, `${at}[]`)),
  ];
}
