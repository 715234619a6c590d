import type protobuf from "protobufjs/light.js";
import { messageDescriptor, messageType, type UnknownOptions } from "./descriptors.ts";
import { readFields } from "./wire.ts";

/** A validate.FieldRules message (protoc-gen-validate), decoded: the kind of rule by its name, as `string: {minLen: 1}`. */
export type FieldRules = Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;

/** The validation rules that Envoy's API states for a message. Envoy rejects what breaks them. */
export interface MessageRules {
  /** By field number. */
  readonly fields: ReadonlyMap<number, FieldRules>;
  /** Choices of which one must be made, by their names as the descriptor has them. */
  readonly requiredChoices: ReadonlySet<string>;
}

/** The number of protoc-gen-validate's extension of field and oneof options. */
const rulesExtension = 1071;

const none: MessageRules = { fields: new Map(), requiredChoices: new Set() };
const known = new Map<string, MessageRules>();

/** The rules of a message by its full name. */
export function validationRules(name: string): MessageRules {
  let rules = known.get(name);
  if (rules === undefined) {
    rules = readRules(name);
    known.set(name, rules);
  }
  return rules;
}

function readRules(name: string): MessageRules {
  const descriptor = messageDescriptor(name);
  const fields = new Map<number, FieldRules>();
  const requiredChoices = new Set<string>();
  for (const { number, options } of descriptor?.field ?? []) {
    const bytes = extension(options);
    if (bytes instanceof Uint8Array) fields.set(number, decodeRules(bytes));
  }
  for (const { name: choice, options } of descriptor?.oneofDecl ?? []) {
    if (extension(options) === true) requiredChoices.add(choice);
  }
  return fields.size + requiredChoices.size === 0 ? none : { fields, requiredChoices };
}

function decodeRules(bytes: Uint8Array): FieldRules {
  const type: protobuf.Type = messageType("validate.FieldRules");
  return type.toObject(type.decode(bytes), { longs: Number }) as FieldRules;
}

/** The extension's content: a message of rules of a field, a flag of a choice. */
function extension(options: UnknownOptions | undefined): Uint8Array | boolean | undefined {
  let found: Uint8Array | boolean | undefined;
  for (const bytes of options?.$unknowns ?? []) {
    readFields(bytes, (number, reader) => {
      if (number !== rulesExtension) return false;
      found = isLengthDelimited(bytes) ? reader.bytes() : reader.bool();
      return true;
    });
  }
  return found;
}

/** Whether a field's tag, the first thing in its bytes, says so (wire type 2). */
function isLengthDelimited(bytes: Uint8Array): boolean {
  return ((bytes[0] ?? 0) & 7) === 2;
}
