import type { KeyManager, Order } from "./key-manager.ts";
import { type SecretScope, set } from "./scope.ts";
import type { Version, VersionParts } from "./version.ts";

/** Takes a version away with all its parts, and forgets it. May be repeated: what is gone already is fine. */
export async function removeVersion(scope: SecretScope, version: Version): Promise<void> {
  await removeParts(set(scope.home, "home").keys, version.parts);
  scope.versions = (scope.versions ?? []).filter((other) => other !== version);
}

/** The secrets first, the order last: as long as it is there, the rest can be found by it. */
async function removeParts(keys: KeyManager, parts: VersionParts): Promise<void> {
  await keys.delete(parts.secret);
  if (parts.publicKey !== undefined) await keys.delete(parts.publicKey);
  if (parts.container !== undefined) await keys.deleteContainer(parts.container);
  if (parts.order !== undefined) await keys.deleteOrder(parts.order);
}

/** Takes away an order with all that it made. */
export async function discardOrder(keys: KeyManager, order: Order): Promise<void> {
  const { id, secretId, containerId } = order;
  if (secretId !== undefined) await keys.delete(secretId);
  if (containerId !== undefined) {
    for (const inside of Object.values((await keys.container(containerId)) ?? {})) await keys.delete(inside);
    await keys.deleteContainer(containerId);
  }
  await keys.deleteOrder(id);
}
