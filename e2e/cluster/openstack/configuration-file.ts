/** The values of one section; a list stands for an option that is repeated. */
export type Section = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** The text of an oslo.config file. */
export function configurationFile(sections: Readonly<Record<string, Section>>): string {
  return Object.entries(sections)
    .map(
      ([name, values]) =>
        `[${name}]\n${Object.entries(values)
          .map(([key, value]) => lines(key, value))
          .join("")}`,
    )
    .join("\n");
}

function lines(key: string, value: Section[string]): string {
  const values = Array.isArray(value) ? value : [value];
  return values.map((each) => `${key} = ${String(each)}\n`).join("");
}
