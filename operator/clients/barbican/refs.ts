import { objectIn, optionalTextIn, ShapeError, textIn } from "../shape.ts";

/** The id at the end of a reference (`https://host/v1/secrets/<uuid>`). Which host it names depends on who asked. */
function idOfRef(ref: string): string {
  const id = ref.slice(ref.lastIndexOf("/") + 1);
  if (id === "") throw new ShapeError("the answer has a reference without an id");
  return id;
}

export function idIn(json: unknown, field: string): string {
  return idOfRef(textIn(json, field));
}

export function optionalIdIn(json: unknown, field: string): string | undefined {
  const ref = optionalTextIn(json, field);
  return ref === undefined ? undefined : idOfRef(ref);
}

/** Barbican's times are UTC without saying so, and with microseconds. */
export function timeIn(json: unknown, field: string): string {
  return `${textIn(json, field).replace(/Z$/, "")}Z`;
}

export function optionalTimeIn(json: unknown, field: string): string | undefined {
  return optionalTextIn(json, field) === undefined ? undefined : timeIn(json, field);
}

/** Absent for what was never asked to have a name; Barbican then shows the id. */
export function nameIn(json: unknown): string {
  return optionalTextIn(objectIn(json), "name") ?? "";
}
