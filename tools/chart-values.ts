import type { Schema } from "./crd-types.ts";

/** One value of the chart as its README shows it. */
interface Row {
  readonly name: string;
  readonly fallback: string;
  readonly meaning: string;
}

/**
 * The table of all values, by their paths: a group's description is a row of its own, and its values follow.
 * @throws Error where a value has no description, or one in values.yaml is not in the schema
 */
export function valuesTable(schema: Schema, defaults: Readonly<Record<string, unknown>>): string {
  const head: Row = { name: "value", fallback: "default", meaning: "meaning" };
  const rows = [head, ...rowsOf(schema, defaults, "")];
  const width = (cell: keyof Row): number => Math.max(...rows.map((row) => row[cell].length));
  const widths = { name: width("name"), fallback: width("fallback"), meaning: width("meaning") };
  const line = ({ name, fallback, meaning }: Row): string =>
    `| ${name.padEnd(widths.name)} | ${fallback.padEnd(widths.fallback)} | ${meaning.padEnd(widths.meaning)} |`;
  const rule = `| ${"-".repeat(widths.name)} | ${"-".repeat(widths.fallback)} | ${"-".repeat(widths.meaning)} |`;
  return [line(head), rule, ...rows.slice(1).map(line)].join("\n");
}

function* rowsOf(schema: Schema, defaults: unknown, path: string): Generator<Row> {
  const properties = schema.properties ?? {};
  const given = isRecord(defaults) ? defaults : {};
  for (const name of Object.keys(given)) {
    if (!(name in properties))
      throw new Error(`values.yaml has ${path}${name}, which values.schema.json does not know`);
  }
  for (const [name, child] of Object.entries(properties)) {
    if (path === "" && name === "global") continue;
    const full = `${path}${name}`;
    if (child.description === undefined) throw new Error(`values.schema.json does not describe ${full}`);
    const meaning = child.description.replaceAll("|", "\\|");
    if (child.properties === undefined) {
      yield { name: `\`${full}\``, fallback: `\`${JSON.stringify(given[name])}\``, meaning };
    } else {
      yield { name: `**${full}**`, fallback: "", meaning };
      yield* rowsOf(child, given[name], `${full}.`);
    }
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
