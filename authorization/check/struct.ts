/** A message in protobufjs' plain form, with JSON's names. */
export type Plain = Readonly<Record<string, unknown>>;

/** A google.protobuf.Struct as the JSON that it stands for; protobufjs gives its fields as they are. */
export function jsonOfStruct(struct: unknown): Plain {
  const fields = Object.entries(plain(plain(struct)["fields"]));
  return objectOf(fields.map(([name, value]) => [name, jsonOfValue(plain(value))]));
}

function jsonOfValue(value: Plain): unknown {
  if ("structValue" in value) return jsonOfStruct(value["structValue"]);
  if ("listValue" in value) {
    const { values } = plain(value["listValue"]);
    return Array.isArray(values) ? values.map((each) => jsonOfValue(plain(each))) : [];
  }
  return value["stringValue"] ?? value["numberValue"] ?? value["boolValue"] ?? null;
}

export function plain(value: unknown): Plain {
  return typeof value === "object" && value !== null ? (value as Plain) : {};
}

/** An object of names that somebody else chose: `__proto__` is one like others. */
export function objectOf(entries: Iterable<readonly [string, unknown]>): Record<string, unknown> {
  const object = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of entries) object[name] = value;
  return object;
}
