import { type Kind, traits } from "../proto/kinds.ts";
import { PersistentMap } from "../snapshot/persistent-map.ts";
import type { KindView } from "../snapshot/snapshot.ts";

/** The name that stands for every resource of a type. */
export const wildcardName = "*";

/** What a client asked for, of one type on one stream. */
export interface Interest {
  /** It wants all resources. */
  readonly wildcard: boolean;
  /** It named something at least once: from then on no names means no interest, not all. */
  readonly named: boolean;
  readonly names: PersistentMap<true>;
  /** The bytes of all names. */
  readonly bytes: number;
}

export const noInterest: Interest = { wildcard: false, named: false, names: PersistentMap.empty(), bytes: 0 };

/** A change of an interest, and what came of it. */
interface KnownChange {
  readonly kind: Kind;
  readonly before: Interest;
  readonly add: readonly string[];
  readonly remove: readonly string[];
  readonly after: Interest;
}

/** How many changes are remembered. */
const mostKnownChanges = 16;
/** What names more than this is not remembered for other streams, bytes: it would outlive the stream that asked for it. */
export const mostSharedBytes = 1024 * 1024;
const knownChanges: KnownChange[] = [];

/**
 * The interest after names were added and taken away. Proxies of a group mostly ask for the same: who changes the same
 * interest in the same way is given the same one, which a thousand streams then share, with all that is decided by it.
 */
export function changedInterest(
  kind: Kind,
  before: Interest,
  add: readonly string[],
  remove: readonly string[],
): Interest {
  const isSame = (each: KnownChange): boolean =>
    each.before === before && each.kind === kind && areSame(each.add, add) && areSame(each.remove, remove);
  let known = knownChanges.find(isSame);
  if (known === undefined) {
    known = { kind, before, add, remove, after: interestAfter(kind, before, add, remove) };
    if (known.after.bytes + bytesOf(add) + bytesOf(remove) > mostSharedBytes) return known.after;
    if (knownChanges.unshift(known) > mostKnownChanges) knownChanges.pop();
  }
  return known.after;
}

function areSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((each, index) => each === others[index]);
}

function interestAfter(kind: Kind, before: Interest, add: readonly string[], remove: readonly string[]): Interest {
  const named = before.named || add.length > 0;
  // Later entries win: a name that is in both is added.
  const names = before.names.with([
    ...remove.filter((name) => name !== wildcardName).map((name) => [name, undefined] as const),
    ...add.filter((name) => name !== wildcardName).map((name) => [name, true] as const),
  ]);
  const news = [...new Set(add)].filter((name) => name !== wildcardName && !before.names.has(name));
  const gone = [...new Set(remove)].filter((name) => before.names.has(name) && !names.has(name));
  const bytes = before.bytes + bytesOf(news) - bytesOf(gone);
  let { wildcard } = before;
  if (!named && traits[kind].wildcardByDefault) wildcard = true;
  if (remove.includes(wildcardName)) wildcard = false;
  if (add.includes(wildcardName)) wildcard = true;
  return { wildcard, named, names, bytes };
}

/** The bytes of names, in UTF-8. */
export function bytesOf(names: readonly string[]): number {
  return names.reduce((sum, name) => sum + Buffer.byteLength(name), 0);
}

/** Whether a client wants a resource of this name. */
export function wants(interest: Interest, view: KindView, name: string): boolean {
  if (interest.wildcard || interest.names.has(name)) return true;
  if (view.kind !== "virtualHost") return false;
  // The name of a route configuration stands for all its hosts; a host is also asked for by its domains.
  const resource = view.resources.get(name);
  return (
    interest.names.has(routeConfigurationOf(name)) ||
    resource?.aliases.some((alias) => interest.names.has(alias)) === true
  );
}

/** The names of existing resources that a client wants. */
export function* wanted(interest: Interest, view: KindView): Generator<string> {
  if (interest.wildcard || view.kind === "virtualHost") {
    for (const name of view.resources.keys()) if (wants(interest, view, name)) yield name;
    return;
  }
  for (const name of interest.names.keys()) if (view.resources.has(name)) yield name;
}

/** The part of a virtual host's name that is its route configuration's: all before the last slash. */
export function routeConfigurationOf(name: string): string {
  const slash = name.lastIndexOf("/");
  return slash < 0 ? name : name.slice(0, slash);
}
