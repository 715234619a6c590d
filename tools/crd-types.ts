import type { JSONSchema } from "json-schema-to-typescript";
import { compile } from "json-schema-to-typescript";

/** As much of a structural schema as the tools of this folder read. */
export interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly [keyword: string]: unknown;
}

/** As much of a CustomResourceDefinition as the tools of this folder read. */
export interface CustomResourceDefinition {
  readonly spec: {
    readonly group: string;
    readonly scope: string;
    readonly names: { readonly kind: string; readonly plural: string };
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

const CONDITION = { tsType: "Condition" };

/** The TypeScript source of a kind: an interface for it, and one for each object in its spec and status. */
export async function typesOf(crd: CustomResourceDefinition, source: string): Promise<string> {
  const { kind } = crd.spec.names;
  const whole = crd.spec.versions[0]?.schema.openAPIV3Schema;
  const { spec, status } = whole?.properties ?? {};
  if (spec === undefined || status === undefined) throw new Error(`${source}: the schema needs a spec and a status`);
  const options = {
    bannerComment: "",
    additionalProperties: false,
    ignoreMinAndMaxItems: true,
    style: { printWidth: 120 },
  };
  const interfaces = await Promise.all([
    compile(toJsonSchema(spec, `${kind}Spec`, kind), `${kind}Spec`, options),
    compile(toJsonSchema(status, `${kind}Status`, `${kind}Status`), `${kind}Status`, options),
  ]);
  return [
    `// Generated from ${source} by tools/generate-types.ts. Change the source and run: make generate`,
    'import type { Condition } from "#runtime/api/conditions.ts";',
    'import type { KubeObject } from "#runtime/api/object.ts";',
    "",
    `/** ${whole?.description ?? kind} */`,
    `export interface ${kind} extends KubeObject<${kind}Spec, ${kind}Status> {`,
    `  readonly spec: ${kind}Spec;`,
    "}",
    "",
    ...interfaces.map((text) => withReadonly(text.trim())),
    "",
  ].join("\n");
}

/**
 * A schema as json-schema-to-typescript wants it: without Kubernetes' own keywords, with a title for each object (its
 * interface's name), and with fields that have a default required, because the API server fills them in.
 */
function toJsonSchema(schema: Schema, title: string, prefix: string): JSONSchema {
  const { type, description, properties, additionalProperties, items, required } = schema;
  const common = { ...(description === undefined ? {} : { description }) };
  if (type === "object" && properties !== undefined) {
    const entries = Object.entries(properties);
    const defaulted = entries.filter(([, child]) => child.default !== undefined).map(([name]) => name);
    return {
      ...common,
      title,
      type,
      additionalProperties: false,
      required: [...new Set([...(required ?? []), ...defaulted])],
      properties: Object.fromEntries(
        entries.map(([name, child]) => [
          name,
          name === "conditions"
            ? { description: child.description, type: "array", items: CONDITION }
            : toJsonSchema(child, prefix + pascal(name), prefix + pascal(name)),
        ]),
      ),
    } as JSONSchema;
  }
  if (type === "object") {
    if (additionalProperties === undefined) return { ...common, tsType: "Readonly<Record<string, never>>" };
    return { ...common, type, additionalProperties: toJsonSchema(additionalProperties, title, prefix) };
  }
  if (type === "array" && items !== undefined) {
    return { ...common, type, items: toJsonSchema(items, singular(title), singular(prefix)) };
  }
  return {
    ...common,
    ...(schema.enum === undefined ? { type } : { enum: [...schema.enum] }),
    ...(schema.default === undefined ? {} : { default: schema.default }),
  } as JSONSchema;
}

/** Every field readonly and every list a readonly list (objects of a store are shared), and short comments in one line. */
function withReadonly(source: string): string {
  return source
    .replace(/\/\*\*\n +\* (.*)\n +\*\//g, "/** $1 */")
    .replace(/^}\n(?=\S)/gm, "}\n\n")
    .replace(/^( +)(\[?["\w][^*]*?\]?\??: )/gm, "$1readonly $2")
    .replace(/(: )(\(.+\)|[A-Za-z]+)\[\];$/gm, "$1readonly $2[];");
}

function pascal(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function singular(name: string): string {
  if (name.endsWith("sses")) return name.slice(0, -2);
  return name.endsWith("s") ? name.slice(0, -1) : name;
}
