import type { Mark } from "./mark.ts";
import type { SecretScope } from "./scope.ts";
import type { Version } from "./version.ts";

/** The mark that a version's secret, or its public half, should carry. */
export function markOf(
  scope: Pick<SecretScope, "owner" | "secret">,
  version: Version,
  part: Mark["part"] = "secret",
): Mark {
  const { container, order } = version.parts;
  return {
    ...scope.owner,
    version: version.version,
    part,
    createdAt: version.createdAt,
    retain: scope.secret.spec.onDelete === "Retain",
    ...(version.mac === undefined || part === "public" ? {} : { mac: version.mac }),
    ...(container === undefined || part === "public" ? {} : { container }),
    ...(order === undefined || part === "public" ? {} : { order }),
  };
}
