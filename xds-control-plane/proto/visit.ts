import protobuf from "protobufjs/light.js";

/** A decoded message: its fields by their JSON names. */
export type Message = Readonly<Record<string, unknown>>;

/** What is worth knowing of a message type, looked up once: protobufjs computes names anew at each question. */
interface TypeFacts {
  /** The full name, without the leading dot. */
  readonly name: string;
  /** The fields that hold messages. */
  readonly messages: readonly { readonly field: protobuf.Field; readonly type: protobuf.Type }[];
}

const facts = new WeakMap<protobuf.Type, TypeFacts>();

/** The way to a message from where a visit began, as `filterChains[0].filters`; made when it is asked for. */
export type Path = () => string;

/** Calls `on` for a message and each message in it. Anys are opened; one of a type that is not loaded is passed over. */
export function visit(
  type: protobuf.Type,
  message: Message,
  on: (name: string, message: Message, type: protobuf.Type, path: Path) => void,
  path: Path = () => "",
): void {
  const { name, messages } = factsOf(type);
  on(name, message, type, path);
  if (name === "google.protobuf.Any") {
    const inner = type.root.lookup(textOf(message["typeUrl"]).split("/").at(-1) ?? "");
    const content = (message["value"] as Uint8Array | undefined) ?? new Uint8Array();
    if (inner instanceof protobuf.Type) visit(inner, inner.decode(content) as unknown as Message, on, path);
    return;
  }
  for (const { field, type: inner } of messages) {
    const value = message[field.name];
    if (value === undefined || value === null) continue;
    const at: Path = () => joined(path(), field.name);
    if (field.repeated) {
      for (const [index, each] of (value as Message[]).entries()) visit(inner, each, on, () => `${at()}[${index}]`);
    } else if (field.map) {
      for (const [key, each] of Object.entries(value)) visit(inner, each as Message, on, () => `${at()}.${key}`);
    } else visit(inner, value as Message, on, at);
  }
}

/** Text, or none where a field is not set. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** A field's path below another's. */
export function joined(path: string, field: string): string {
  return path === "" ? field : `${path}.${field}`;
}

function factsOf(type: protobuf.Type): TypeFacts {
  let known = facts.get(type);
  if (known === undefined) {
    const messages = type.fieldsArray.flatMap((field) => {
      const inner = field.resolve().resolvedType;
      return inner instanceof protobuf.Type ? [{ field, type: inner }] : [];
    });
    known = { name: type.fullName.slice(1), messages };
    facts.set(type, known);
  }
  return known;
}
