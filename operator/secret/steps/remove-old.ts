import { type Outcome, settled } from "#runtime/controller/outcome.ts";
import { foreignConsumers } from "../consumers.ts";
import { removeVersion } from "../remove-version.ts";
import { type SecretScope, set } from "../scope.ts";

/** Takes away the versions that are not kept any more, when the current one is in its place everywhere. */
export async function removeOld(scope: SecretScope): Promise<Outcome> {
  const { remove } = set(scope.plan, "plan");
  for (const version of remove) {
    const users = foreignConsumers(scope.owner, scope.listed.get(version.parts.secret)?.consumers ?? []);
    if (users.length > 0) {
      const names = users.map(({ service, resourceType }) => `${service} ${resourceType}`).join(", ");
      scope.context.event(
        "Warning",
        "VersionInUse",
        `Version ${version.version} stays in Barbican while it is used by ${names}`,
      );
      continue;
    }
    await removeVersion(scope, version);
    if (version.state === "ready")
      scope.context.event(
        "Normal",
        "VersionRemoved",
        `Version ${version.version} is removed from Barbican, as spec.rotation.keep says`,
      );
  }
  return settled();
}
