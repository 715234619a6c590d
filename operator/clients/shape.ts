/**
 * Reads values out of a JSON answer whose shape is not vouched for. Each function throws ShapeError when the value is not
 * what the service's API says; the caller makes a ServiceError of it, because such an answer is a fault of the service.
 */
export type Json = Readonly<Record<string, unknown>>;

/** An answer that is JSON, but not the one that was due. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
}

export function objectIn(value: unknown, field?: string): Json {
  const found = field === undefined ? value : objectIn(value)[field];
  if (typeof found === "object" && found !== null && !Array.isArray(found)) return found as Json;
  throw new ShapeError(`the answer has no object ${field ?? "at its top"}`);
}

export function listIn(value: unknown, field: string): readonly Json[] {
  const found = objectIn(value)[field];
  if (Array.isArray(found)) return found.map((entry) => objectIn(entry));
  throw new ShapeError(`the answer has no list ${field}`);
}

export function textIn(value: unknown, field: string): string {
  const found = objectIn(value)[field];
  if (typeof found === "string") return found;
  throw new ShapeError(`the answer has no text ${field}`);
}

/** Undefined where the field is absent, null or empty. */
export function optionalTextIn(value: unknown, field: string): string | undefined {
  const found = objectIn(value)[field];
  if (found === undefined || found === null || found === "") return undefined;
  if (typeof found === "string") return found;
  throw new ShapeError(`the answer's ${field} is not text`);
}

export function optionalNumberIn(value: unknown, field: string): number | undefined {
  const found = objectIn(value)[field];
  if (found === undefined || found === null) return undefined;
  if (typeof found === "number") return found;
  throw new ShapeError(`the answer's ${field} is not a number`);
}

export function booleanIn(value: unknown, field: string): boolean {
  const found = objectIn(value)[field];
  if (typeof found === "boolean") return found;
  throw new ShapeError(`the answer's ${field} is neither true nor false`);
}

export function textsIn(value: unknown, field: string): readonly string[] {
  const found = objectIn(value)[field];
  if (found === undefined || found === null) return [];
  if (Array.isArray(found) && found.every((entry) => typeof entry === "string")) return found;
  throw new ShapeError(`the answer's ${field} is not a list of texts`);
}

/** T with optional fields where it had fields that may be undefined. */
type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** A copy without the fields whose value is undefined; for results and bodies with optional fields. */
export function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}
