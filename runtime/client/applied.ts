/**
 * Whether `current` already says all that `desired` says, so that an apply would change nothing and need not be sent.
 * Objects are compared field by field (what `desired` does not name is somebody else's). Lists whose items have a
 * `name`, `type`, `key` or `uid` are matched by it, as their merge keys in the Kubernetes API are; other lists must
 * be equal in length and order. A field that `desired` no longer names is not seen: a builder says
 * plainly what it wants gone (an empty map, `false`), or its controller applies when its own spec has changed.
 */
export function alreadyApplied(current: unknown, desired: unknown): boolean {
  if (Object.is(current, desired)) return true;
  // The API server leaves out what is empty.
  if (Array.isArray(desired))
    return Array.isArray(current) ? listApplied(current, desired) : desired.length === 0 && current === undefined;
  if (isRecord(desired)) {
    if (!isRecord(current)) return Object.keys(desired).length === 0 && current === undefined;
    return Object.entries(desired).every(
      ([field, value]) => value === undefined || alreadyApplied(current[field], value),
    );
  }
  return false;
}

const MERGE_KEYS = ["name", "type", "key", "uid"] as const;

function listApplied(current: readonly unknown[], desired: readonly unknown[]): boolean {
  const key = MERGE_KEYS.find(
    (candidate) => desired.length > 0 && desired.every((item) => isRecord(item) && typeof item[candidate] === "string"),
  );
  if (key === undefined) {
    return current.length === desired.length && desired.every((item, at) => alreadyApplied(current[at], item));
  }
  return desired.every((item) =>
    current.some(
      (other) => isRecord(other) && isRecord(item) && other[key] === item[key] && alreadyApplied(other, item),
    ),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
