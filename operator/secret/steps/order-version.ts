import { durationMs } from "#runtime/api/duration.ts";
import { wholeSecond } from "#runtime/api/time.ts";
import { type Outcome, waiting } from "#runtime/controller/outcome.ts";
import { DEFAULT_ACL, sameAcl } from "../access.ts";
import type { KeyManager, Order } from "../key-manager.ts";
import { orderMarkOf, orderMarks, toMetadata } from "../mark.ts";
import { markOf } from "../marking.ts";
import { ORDER_POLL_MS } from "../periods.ts";
import { discardOrder } from "../remove-version.ts";
import { type SecretScope, set } from "../scope.ts";
import type { Version, VersionParts } from "../version.ts";
import { wantedAcl } from "./ensure-access.ts";

/**
 * A version that Barbican makes itself. The order carries its mark from the moment it is made, so an order of an
 * earlier pass is found and taken in, and what it made then gets marks of its own: a pair's public half first, the
 * secret last, since its mark is what makes the version.
 */
export async function orderVersion(scope: SecretScope, number: number): Promise<Version | Outcome> {
  const { keys } = set(scope.home, "home");
  const order = (await findOrder(scope, number)) ?? (await placeOrder(scope, number));
  if (order.status === "PENDING") return waiting(`order ${order.id} of Barbican`, { pollAfterMs: ORDER_POLL_MS });
  const parts = order.status === "ACTIVE" ? await partsOf(keys, order) : undefined;
  const secret = parts === undefined ? undefined : await keys.get(parts.secret);
  if (parts === undefined || secret === undefined) {
    await discardOrder(keys, order);
    throw new Error(`order ${order.id} of Barbican gave no secret: ${order.problem ?? "what it made is gone"}`);
  }
  const version: Version = {
    version: number,
    parts,
    createdAt: wholeSecond(scope.context.now),
    ...(secret.expiresAt === undefined ? {} : { expiresAt: secret.expiresAt }),
    state: "ready",
  };
  const acl = await wantedAcl(scope);
  const ids = parts.publicKey === undefined ? [parts.secret] : [parts.publicKey, parts.secret];
  for (const id of ids) {
    if (!sameAcl(acl, DEFAULT_ACL)) await keys.putAcl(id, acl);
    await keys.putMetadata(id, toMetadata(markOf(scope, version, id === parts.publicKey ? "public" : "secret")));
  }
  return version;
}

/** The order of an earlier pass for this version; a second one, of an answer that came too late, is taken away. */
async function findOrder(scope: SecretScope, number: number): Promise<Order | undefined> {
  const { keys } = set(scope.home, "home");
  const marked = await keys.ordersByMark(orderMarkOf.version(scope.owner, number));
  const found = marked.filter(({ creatorId }) => creatorId === keys.userId);
  const [first, ...others] = found.toSorted((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
  for (const other of others) await discardOrder(keys, other);
  return first;
}

async function placeOrder(scope: SecretScope, number: number): Promise<Order> {
  const { keys } = set(scope.home, "home");
  const { source, expiresAfter } = scope.secret.spec;
  const algorithm = set(source.generate?.algorithm, "spec.source.generate.algorithm");
  const id = await keys.order({
    kind: algorithm === "rsa" ? "asymmetric" : "key",
    name: scope.secret.metadata.name,
    algorithm,
    bitLength: set(source.generate?.bitLength, "spec.source.generate.bitLength"),
    ...(expiresAfter === undefined
      ? {}
      : { expiresAt: new Date(scope.context.now.getTime() + durationMs(expiresAfter)) }),
    marks: orderMarks(scope.owner, number),
  });
  const order = await keys.getOrder(id);
  if (order === undefined) throw new Error(`order ${id} of Barbican is gone a moment after it was made`);
  return order;
}

/** What an order made: a secret, or a container with both halves of a pair. */
export async function partsOf(keys: KeyManager, order: Order): Promise<VersionParts | undefined> {
  const { id, secretId, containerId } = order;
  if (secretId !== undefined) return { secret: secretId, order: id };
  const inside = containerId === undefined ? undefined : await keys.container(containerId);
  const [secret, publicKey] = [inside?.["private_key"], inside?.["public_key"]];
  if (containerId === undefined || secret === undefined || publicKey === undefined) return undefined;
  return { secret, publicKey, container: containerId, order: id };
}
