import { createHash } from "node:crypto";
import type { Server } from "#operator/api/generated/server.ts";
import type { Consumer } from "./key-manager.ts";
import type { Owner } from "./mark.ts";

/** The service's name under which we register who uses a secret. */
const SERVICE = "nephele.dev";

/** Names of our Secrets that a Server reads. */
export function secretsOf(server: Server): readonly string[] {
  return [...new Set((server.spec.files ?? []).map(({ secretRef }) => secretRef.name))];
}

/**
 * How a Server stands in Barbican's list of consumers. Barbican has 36 characters for the resource's id: so it is made
 * of the names, stable over re-creation, and the type says for people what it is.
 */
export function consumerOf(owner: Owner, serverName: string): Consumer {
  const namespace = owner.object.slice(0, owner.object.indexOf("/"));
  return {
    service: SERVICE,
    resourceType: `${owner.installation}/servers/${namespace}/${serverName}`,
    resourceId: uuidOf([owner.installation, owner.object, "servers", serverName]),
  };
}

/** What to register and what to take away, so that our part of a secret's consumers is `wanted`. */
export function consumerChanges(
  owner: Owner,
  listed: readonly Consumer[],
  wanted: readonly Consumer[],
): { readonly add: readonly Consumer[]; readonly remove: readonly Consumer[] } {
  const ours = listed.filter((consumer) => isOurs(owner, consumer));
  return {
    add: wanted.filter((consumer) => !ours.some((other) => same(other, consumer))),
    remove: ours.filter((consumer) => !wanted.some((other) => same(other, consumer))),
  };
}

/** Consumers that others registered: we delete no secret under their feet. */
export function foreignConsumers(owner: Owner, listed: readonly Consumer[]): readonly Consumer[] {
  return listed.filter((consumer) => !isOurs(owner, consumer));
}

/** Ours are those that this Secret registered: another Secret may import the same secret of Barbican. */
function isOurs(owner: Owner, consumer: Consumer): boolean {
  const serverName = consumer.resourceType.slice(consumer.resourceType.lastIndexOf("/") + 1);
  return same(consumer, consumerOf(owner, serverName));
}

function same(a: Consumer, b: Consumer): boolean {
  return a.service === b.service && a.resourceType === b.resourceType && a.resourceId === b.resourceId;
}

function uuidOf(parts: readonly string[]): string {
  const digest = createHash("sha256").update(parts.join("\0")).digest("hex");
  return digest.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
