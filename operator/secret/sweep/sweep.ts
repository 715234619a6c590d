import type { Secret } from "#operator/api/generated/secret.ts";
import { keyText } from "#runtime/api/object.ts";
import { consumerChanges } from "../consumers.ts";
import type { KeyManager, ListedSecret, Order } from "../key-manager.ts";
import { fromMetadata, type Mark, orderMarkOf, parseOrderMarks } from "../mark.ts";
import { discardOrder } from "../remove-version.ts";
import { graceOver, idsIn, type Objects, type Suspect, verdictOn } from "./decide.ts";

/** What a sweep remembers of the one before. A restart forgets it, which only makes the grace longer. */
export interface SweepMemory {
  readonly since: ReadonlyMap<string, Date>;
}

export interface SweepInput {
  readonly keys: KeyManager;
  /** The project's secrets, as listed not long ago: whatever is suspect in it is asked after live. */
  readonly listed: Iterable<ListedSecret>;
  readonly installation: string;
  /** All our Secrets: a mark may name one of another namespace. */
  readonly secrets: readonly Secret[];
  readonly memory: SweepMemory | undefined;
  readonly now: Date;
  /** How long something must have been an orphan before it is removed. */
  readonly graceMs: number;
}

export interface Swept {
  readonly memory: SweepMemory;
  /** What was removed, for people: object and version, or the bare id. */
  readonly removed: readonly string[];
  /** What nobody owns and is not removed yet, told the same way. */
  readonly kept: readonly string[];
}

/**
 * Removes from a project what we made and nobody owns any more: of an object that was deleted while the Project gave
 * no tokens, or of an answer that came after its caller had given up. Users' own secrets are never looked at.
 */
export async function sweep({ keys, listed, installation, secrets, memory, now, graceMs }: SweepInput): Promise<Swept> {
  const objects: Objects = new Map(secrets.map(({ metadata, status }) => [keyText(metadata), status ?? {}]));
  const named = new Set(secrets.flatMap(({ status }) => idsIn(status)));
  const marks = new Map<string, Mark | undefined>();
  const orphans: string[] = [];
  for (const { id, creatorId, hasPayload } of listed) {
    if (creatorId !== keys.userId || named.has(id)) continue;
    const metadata = await keys.metadata(id);
    if (metadata === undefined) continue;
    const mark = fromMetadata(metadata);
    marks.set(id, mark);
    if (verdictOn({ id, hasPayload, mark }, installation, objects) === "orphan") orphans.push(id);
  }
  const orders = await orphanedOrders(keys, installation, objects, named);
  const { remove, since } = graceOver([...orphans, ...orders.keys()], memory?.since ?? new Map(), now, graceMs);
  const textOf = (id: string): string => {
    const text = marks.get(id) ?? parseOrderMarks(orders.get(id)?.marks ?? []);
    return text === undefined ? id : `${text.object} version ${text.version}`;
  };
  const removed: string[] = [];
  for (const id of remove) {
    const order = orders.get(id);
    const mark = marks.get(id);
    if (order !== undefined) await removeOrder(keys, order, marks);
    else if (!(await removeSecret(keys, id, mark))) continue;
    removed.push(textOf(id));
  }
  return { memory: { since }, removed, kept: [...since.keys()].filter((id) => !remove.includes(id)).map(textOf) };
}

/** Orders whose object is gone or went on to a later version, by id. */
async function orphanedOrders(
  keys: KeyManager,
  installation: string,
  objects: Objects,
  named: ReadonlySet<string>,
): Promise<ReadonlyMap<string, Order>> {
  const found = new Map<string, Order>();
  for (const order of await keys.ordersByMark(orderMarkOf.installation(installation))) {
    const mark = parseOrderMarks(order.marks);
    if (mark === undefined || order.creatorId !== keys.userId || named.has(order.id)) continue;
    const suspect: Suspect = { id: order.id, hasPayload: true, mark: { ...mark, retain: false } };
    if (verdictOn(suspect, installation, objects) === "orphan") found.set(order.id, order);
  }
  return found;
}

/** What said that a Server used it goes first; what others registered keeps it, and the next sweep asks again. */
async function removeSecret(keys: KeyManager, id: string, mark: Mark | undefined): Promise<boolean> {
  const { consumers = [] } = (await keys.get(id)) ?? {};
  const ours = mark === undefined ? [] : consumerChanges(mark, consumers, []).remove;
  if (ours.length < consumers.length) return false;
  for (const consumer of ours) await keys.removeConsumer(id, consumer);
  await keys.delete(id);
  if (mark?.container !== undefined) await keys.deleteContainer(mark.container);
  if (mark?.order !== undefined) await keys.deleteOrder(mark.order);
  return true;
}

/** An order goes with what it made, unless that is retained: then it goes alone. */
async function removeOrder(
  keys: KeyManager,
  order: Order,
  marks: ReadonlyMap<string, Mark | undefined>,
): Promise<void> {
  const inside = order.containerId === undefined ? {} : ((await keys.container(order.containerId)) ?? {});
  const made = [order.secretId, ...Object.values(inside)];
  const retained = made.some((id) => id !== undefined && marks.get(id)?.retain === true);
  if (retained) await keys.deleteOrder(order.id);
  else await discardOrder(keys, order);
}
