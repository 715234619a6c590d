import protobuf from "protobufjs/light.js";
import { type FieldRules, type MessageRules, validationRules } from "../proto/validation-rules.ts";
import { joined, type Message, textOf, visit } from "../proto/visit.ts";

/**
 * What Envoy would reject a message for: the validation rules of its API, in whatever depth, and rules of its own that it
 * states in prose. Rules that are not understood here (formats of text such as `uri`) are left to Envoy.
 */
export function violations(type: protobuf.Type, message: protobuf.Message): readonly string[] {
  const found: string[] = [];
  visit(type, message as unknown as Message, (name, value, each, path) => {
    const report = (field: string, problem: string): void => {
      found.push(`${joined(path(), field)} ${problem}`);
    };
    checkRules(validationRules(name), each, value, report);
    if (name === "envoy.config.route.v3.RouteConfiguration") checkHosts(value, report);
  });
  return found;
}

type Report = (field: string, problem: string) => void;

function checkRules(
  { fields, requiredChoices }: MessageRules,
  type: protobuf.Type,
  message: Message,
  report: Report,
): void {
  for (const [number, rules] of fields) {
    const field = type.fieldsById[number];
    if (field === undefined) continue;
    const present =
      Object.hasOwn(message, field.name) && message[field.name] !== undefined && message[field.name] !== null;
    if (isRequired(rules) && !present && field.partOf === null) report(field.name, "must be set");
    // A member of a choice, and a message, is held to its rules only where it is set.
    else if (present || (field.partOf === null && !(field.resolvedType instanceof protobuf.Type))) {
      checkField(field, rules, message[field.name], report);
    }
  }
  for (const choice of requiredChoices) {
    const oneof = type.oneofsArray.find((each) => each.name === choice || each.name === camelCase(choice));
    if (oneof !== undefined && !oneof.oneof.some((member) => Object.hasOwn(message, member))) {
      report(oneof.name, `must be set (one of ${oneof.oneof.join(", ")})`);
    }
  }
}

function isRequired(rules: FieldRules): boolean {
  return [rules["message"], rules["any"], rules["duration"], rules["timestamp"]].some(
    (each) => each?.["required"] === true,
  );
}

function checkField(field: protobuf.Field, rules: FieldRules, value: unknown, report: Report): void {
  if (field.repeated) {
    const items = Array.isArray(value) ? value : [];
    checkCount(rules["repeated"], items.length, (problem) => report(field.name, problem));
    const each = rules["repeated"]?.["items"] as FieldRules | undefined;
    if (each === undefined) return;
    for (const [index, item] of items.entries()) checkValue(each, item, (p) => report(`${field.name}[${index}]`, p));
    return;
  }
  if (field.map) {
    checkCount(rules["map"], Object.keys(value ?? {}).length, (problem) => report(field.name, problem));
    return;
  }
  checkValue(rules, value, (problem) => report(field.name, problem));
}

function checkCount(rules: Message | undefined, count: number, report: (problem: string) => void): void {
  if (rules === undefined || (rules["ignoreEmpty"] === true && count === 0)) return;
  const least = rules["minItems"] ?? rules["minPairs"];
  const most = rules["maxItems"] ?? rules["maxPairs"];
  if (typeof least === "number" && count < least) report(`must have at least ${least} entries`);
  if (typeof most === "number" && count > most) report(`must have at most ${most} entries`);
}

const numeric = ["float", "double", "int32", "int64", "uint32", "uint64", "sint32", "sint64"] as const;

function checkValue(rules: FieldRules, value: unknown, report: (problem: string) => void): void {
  if (rules["string"] !== undefined) checkText(rules["string"], textOf(unwrapped(value)), report);
  if (rules["duration"] !== undefined) checkRange(rules["duration"], seconds(value), seconds, report);
  if (rules["enum"] !== undefined) checkRange(rules["enum"], Number(value ?? 0), Number, report);
  for (const type of numeric) {
    const own = rules[type];
    if (own !== undefined) checkRange(own, Number(unwrapped(value) ?? 0), Number, report);
  }
}

function checkText(rules: Message, text: string, report: (problem: string) => void): void {
  if (rules["ignoreEmpty"] === true && text === "") return;
  // Counted only where a rule asks: a secret may be megabytes.
  const characters = (): number => Array.from(text).length;
  const bytes = Buffer.byteLength(text);
  const { minLen, maxLen, minBytes, maxBytes, prefix, suffix, pattern } = rules as {
    minLen?: number;
    maxLen?: number;
    minBytes?: number;
    maxBytes?: number;
    prefix?: string;
    suffix?: string;
    pattern?: string;
  };
  if (Math.max(minLen ?? 0, minBytes ?? 0) > 0 && text === "") report("must not be empty");
  else if (minLen !== undefined && characters() < minLen) report(`must have at least ${minLen} characters`);
  else if (minBytes !== undefined && bytes < minBytes) report(`must have at least ${minBytes} bytes`);
  if (maxLen !== undefined && characters() > maxLen) report(`must have at most ${maxLen} characters`);
  if (maxBytes !== undefined && bytes > maxBytes) report(`must have at most ${maxBytes} bytes`);
  if (prefix !== undefined && !text.startsWith(prefix)) report(`must begin with "${prefix}"`);
  if (suffix !== undefined && !text.endsWith(suffix)) report(`must end with "${suffix}"`);
  if (pattern !== undefined && !matches(pattern, text)) report(`must match ${pattern}`);
  const among = rules["in"] as readonly string[] | undefined;
  if (among !== undefined && among.length > 0 && !among.includes(text)) report(`must be one of ${among.join(", ")}`);
  // 1: a header's name, 2: a header's value.
  if (rules["wellKnownRegex"] !== undefined && /[\0\n\r]/.test(text)) report("must not hold NUL, LF or CR");
}

/** The rules are written for RE2; what JavaScript does not understand is left to Envoy. */
function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern, "u").test(text);
  } catch {
    return true;
  }
}

function checkRange(
  rules: Message,
  value: number,
  read: (bound: unknown) => number,
  report: (problem: string) => void,
): void {
  if (rules["ignoreEmpty"] === true && value === 0) return;
  const { lt, lte, gt, gte } = rules;
  if (lt !== undefined && !(value < read(lt))) report(`must be less than ${read(lt)}`);
  if (lte !== undefined && !(value <= read(lte))) report(`must be at most ${read(lte)}`);
  if (gt !== undefined && !(value > read(gt))) report(`must be more than ${read(gt)}`);
  if (gte !== undefined && !(value >= read(gte))) report(`must be at least ${read(gte)}`);
  const among = rules["in"] as readonly unknown[] | undefined;
  const not = rules["notIn"] as readonly unknown[] | undefined;
  if (among !== undefined && among.length > 0 && !among.some((each) => read(each) === value)) {
    report(`must be one of ${among.map(read).join(", ")}`);
  }
  if (not?.some((each) => read(each) === value)) report(`must not be ${value}`);
}

/** The value in a wrapper such as google.protobuf.UInt32Value (undefined for its default), else the value itself. */
function unwrapped(value: unknown): unknown {
  const isWrapper = typeof value === "object" && value !== null && !("low" in value);
  return isWrapper ? (value as { readonly value?: unknown }).value : value;
}

/** The seconds of a google.protobuf.Duration. */
function seconds(value: unknown): number {
  const { seconds: whole = 0, nanos = 0 } = (value ?? {}) as { seconds?: unknown; nanos?: unknown };
  return Number(whole) + Number(nanos) / 1e9;
}

/** Envoy refuses a route configuration in which two virtual hosts share a name or a domain. */
function checkHosts(message: Message, report: Report): void {
  const names = new Set<string>();
  const domains = new Map<string, string>();
  for (const host of (message["virtualHosts"] as readonly Message[] | undefined) ?? []) {
    const name = String(host["name"]);
    if (names.has(name)) report("virtualHosts", `has two hosts called "${name}"`);
    names.add(name);
    for (const domain of (host["domains"] as readonly string[] | undefined) ?? []) {
      const other = domains.get(domain.toLowerCase());
      if (other !== undefined) report("virtualHosts", `has the domain "${domain}" in "${other}" and "${name}"`);
      domains.set(domain.toLowerCase(), name);
    }
  }
}

function camelCase(name: string): string {
  return name.replaceAll(/_([a-z0-9])/g, (_all, letter: string) => letter.toUpperCase());
}
