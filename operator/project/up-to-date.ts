/**
 * Whether `current` says what `desired` says, where lists must be equal as a whole: a subject that somebody adds to a
 * RoleBinding, or a rule to a NetworkPolicy, is a right that we did not give. Fields of objects that `desired` does
 * not name are the API server's or somebody else's.
 */
export function upToDate(current: unknown, desired: unknown): boolean {
  if (Object.is(current, desired)) return true;
  if (Array.isArray(desired)) {
    return (
      Array.isArray(current) &&
      current.length === desired.length &&
      desired.every((item, at) => upToDate(current[at], item))
    );
  }
  if (!isRecord(desired) || !isRecord(current)) return false;
  return Object.entries(desired).every(([field, value]) => value === undefined || upToDate(current[field], value));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
