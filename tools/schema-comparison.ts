import type { CustomResourceDefinition, Schema } from "./crd-types.ts";

/**
 * What in `after` would refuse or lose something that `before` took: one sentence each, none when the change only adds.
 * CEL rules are not compared, because whether a rule is narrower than another cannot be told; their tests hold them.
 */
export function breakingChanges(before: CustomResourceDefinition, after: CustomResourceDefinition): readonly string[] {
  const identity = (["group", "scope"] as const).filter((key) => before.spec[key] !== after.spec[key]);
  const names = (["kind", "plural"] as const).filter((key) => before.spec.names[key] !== after.spec.names[key]);
  const versions = before.spec.versions.flatMap((version) => {
    const same = after.spec.versions.find((other) => other.name === version.name);
    if (same === undefined) return [`version ${version.name} was removed`];
    return compare(version.schema.openAPIV3Schema, same.schema.openAPIV3Schema, version.name);
  });
  return [...[...identity, ...names].map((key) => `${key} was changed`), ...versions];
}

/** Limits from above: a lower one, or one where there was none, is narrower. */
const MAXIMA = ["maxLength", "maxItems", "maxProperties", "maximum"] as const;
/** Limits from below. */
const MINIMA = ["minLength", "minItems", "minProperties", "minimum"] as const;
/** Keywords of which any other value must be taken for narrower, or changes how writes of two owners are merged. */
const FIXED = ["type", "x-kubernetes-list-type", "x-kubernetes-map-type"] as const;
/** The same, but to drop them only widens. */
const DROPPABLE = ["pattern", "format"] as const;

function compare(before: Schema, after: Schema, path: string): readonly string[] {
  return [
    ...FIXED.filter((key) => before[key] !== after[key]).map((key) => `${path}: ${key} was changed`),
    ...DROPPABLE.filter((key) => after[key] !== undefined && before[key] !== after[key]).map(
      (key) => `${path}: ${key} was ${before[key] === undefined ? "added" : "changed"}`,
    ),
    ...MAXIMA.filter((key) => limit(after, key, Infinity) < limit(before, key, Infinity)).map(
      (key) => `${path}: ${key} was lowered to ${String(after[key])}`,
    ),
    ...MINIMA.filter((key) => limit(after, key, -Infinity) > limit(before, key, floorOf(key))).map(
      (key) => `${path}: ${key} was raised to ${String(after[key])}`,
    ),
    ...compareEnums(before, after, path),
    ...compareDefaults(before, after, path),
    ...compareListKeys(before, after, path),
    ...compareProperties(before, after, path),
    ...compareChild(before.items, after.items, `${path}[]`),
    ...compareChild(before.additionalProperties, after.additionalProperties, `${path}{}`),
  ];
}

function limit(schema: Schema, key: string, otherwise: number): number {
  const value = schema[key];
  return typeof value === "number" ? value : otherwise;
}

/** Lengths and counts are never below zero, so a minimum of 0 says nothing; a number may be. */
function floorOf(key: (typeof MINIMA)[number]): number {
  return key === "minimum" ? -Infinity : 0;
}

function compareEnums(before: Schema, after: Schema, path: string): readonly string[] {
  if (after.enum === undefined) return [];
  if (before.enum === undefined) return [`${path}: enum was added`];
  return before.enum
    .filter((value) => !after.enum?.includes(value))
    .map((value) => `${path}: enum value ${String(value)} was removed`);
}

/** A default that changes gives another meaning to what people have written. */
function compareDefaults(before: Schema, after: Schema, path: string): readonly string[] {
  if (before.default === undefined || JSON.stringify(before.default) === JSON.stringify(after.default)) return [];
  return [`${path}: default was ${after.default === undefined ? "removed" : "changed"}`];
}

function compareListKeys(before: Schema, after: Schema, path: string): readonly string[] {
  const keys = "x-kubernetes-list-map-keys";
  return JSON.stringify(before[keys]) === JSON.stringify(after[keys]) ? [] : [`${path}: ${keys} was changed`];
}

function compareProperties(before: Schema, after: Schema, path: string): readonly string[] {
  const known = Object.entries(before.properties ?? {}).flatMap(([name, schema]) => {
    const same = after.properties?.[name];
    return same === undefined ? [`${path}.${name}: was removed`] : compare(schema, same, `${path}.${name}`);
  });
  const newlyRequired = (after.required ?? [])
    .filter((name) => before.required?.includes(name) !== true)
    .filter((name) => after.properties?.[name]?.default === undefined)
    .map((name) => `${path}.${name}: became required`);
  return [...known, ...newlyRequired];
}

function compareChild(before: Schema | undefined, after: Schema | undefined, path: string): readonly string[] {
  if (before === undefined) return [];
  return after === undefined ? [`${path}: was removed`] : compare(before, after, path);
}
