import { createHash } from "node:crypto";
import { type Kind, kinds, traits } from "../proto/kinds.ts";
import { PersistentMap } from "./persistent-map.ts";
import type { Reference } from "./references.ts";
import type { Resource } from "./resource.ts";

/** All resources of one kind, as a value. */
export interface KindView {
  readonly kind: Kind;
  readonly resources: PersistentMap<Resource>;
  /** Of the content of all: equal resources give an equal version on every replica. */
  readonly version: string;
  /** Which resource is meant by another name (virtual hosts by domain). */
  readonly aliases: PersistentMap<string>;
  /** Those with a TTL. */
  readonly mortal: PersistentMap<Resource>;
}

/** What changes from one snapshot to the next. */
export interface Change {
  readonly put?: Iterable<Resource>;
  readonly remove?: Iterable<Reference>;
}

export interface SnapshotOptions {
  /** Clusters that the proxies have from their bootstrap, so that routes and filters may name them. */
  readonly bootstrapClusters?: Iterable<string>;
}

/** Resources that do not fit together. `problems` names each and says what is wrong. */
export class InconsistentSnapshot extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the resources do not fit together: ${problems.join("; ")}`);
    this.name = "InconsistentSnapshot";
    this.problems = problems;
  }
}

/** Names of the changed resources by kind: put, removed or both. */
export type ChangedNames = ReadonlyMap<Kind, ReadonlySet<string>>;

interface Content {
  readonly views: Readonly<Record<Kind, View>>;
  /** How many resources name a resource, by `referenceKey`. */
  readonly referrers: PersistentMap<number>;
  readonly bootstrapClusters: ReadonlySet<string>;
}

/** A view with the sum that its version is made of. */
interface View extends KindView {
  readonly sum: bigint;
}

/**
 * The whole configuration of a class of nodes: immutable and consistent. What does not fit together is no snapshot:
 * making one throws, and whoever serves the former goes on with it. `with` costs as much as what changes.
 */
export class Snapshot {
  readonly #content: Content;
  /** The snapshot that this one was made from, by its identity alone, so that a chain does not keep its past. */
  readonly #parent: object | undefined;
  readonly #identity = {};
  readonly #changed: ChangedNames;

  private constructor(content: Content, parent: object | undefined, changed: ChangedNames) {
    this.#content = content;
    this.#parent = parent;
    this.#changed = changed;
  }

  /** @throws InconsistentSnapshot */
  static of(resources: Iterable<Resource>, options: SnapshotOptions = {}): Snapshot {
    const views = Object.fromEntries(kinds.map((kind) => [kind, emptyView(kind)])) as unknown as Record<Kind, View>;
    const content: Content = {
      views,
      referrers: PersistentMap.empty(),
      bootstrapClusters: new Set(options.bootstrapClusters),
    };
    return new Snapshot(content, undefined, new Map()).with({ put: resources });
  }

  /**
   * The snapshot after a change. A put of what is there already changes nothing.
   *
   * @throws InconsistentSnapshot when a name is given twice, or something would name what is not there.
   */
  with(change: Change): Snapshot {
    const { byKind, problems } = sorted(change);
    const views = { ...this.#content.views };
    const changed = new Map<Kind, ReadonlySet<string>>();
    const counts = new Map<string, { readonly reference: Reference; by: number }>();
    const fresh: Resource[] = [];
    for (const [kind, entries] of byKind) {
      const former = views[kind];
      const real = [...entries].filter(([name, next]) => former.resources.get(name)?.version !== next?.version);
      if (real.length === 0) continue;
      for (const [name, next] of real) {
        count(counts, former.resources.get(name), -1);
        count(counts, next, 1);
        if (next !== undefined) fresh.push(next);
      }
      views[kind] = changedView(former, real);
      changed.set(kind, new Set(real.map(([name]) => name)));
    }
    if (changed.size === 0 && problems.length === 0) return this;

    const { referrers, bootstrapClusters } = this.#content;
    const next: Content = {
      views,
      referrers: referrers.with(
        [...counts].map(([key, { by }]) => [key, (referrers.get(key) ?? 0) + by || undefined] as const),
      ),
      bootstrapClusters,
    };
    problems.push(...dangling(next, fresh, changed));
    if (problems.length > 0) throw new InconsistentSnapshot(problems);
    return new Snapshot(next, this.#identity, changed);
  }

  view(kind: Kind): KindView {
    return this.#content.views[kind];
  }

  /** All resources, kind by kind. */
  *resources(): IterableIterator<Resource> {
    for (const kind of kinds) yield* this.#content.views[kind].resources.values();
  }

  /** The shortest TTL of its resources, milliseconds; undefined where none has one. */
  shortestTtlMs(): number | undefined {
    let shortest: number | undefined;
    for (const kind of kinds) {
      for (const { ttlMs = Number.POSITIVE_INFINITY } of this.view(kind).mortal.values()) {
        shortest = Math.min(shortest ?? Number.POSITIVE_INFINITY, ttlMs);
      }
    }
    return shortest;
  }

  /** Which names differ from a former snapshot. It costs nothing where this one was made from that one by `with`. */
  changedSince(former: Snapshot): ChangedNames {
    if (former === this) return new Map();
    if (this.#parent !== undefined && this.#parent === former.#identity) return this.#changed;
    const changed = new Map<Kind, ReadonlySet<string>>();
    for (const kind of kinds) {
      const [before, after] = [former.view(kind), this.view(kind)];
      if (before.version === after.version) continue;
      const names = new Set<string>();
      for (const [name, { version }] of after.resources.entries()) {
        if (before.resources.get(name)?.version !== version) names.add(name);
      }
      for (const name of before.resources.keys()) if (!after.resources.has(name)) names.add(name);
      if (names.size > 0) changed.set(kind, names);
    }
    return changed;
  }
}

function emptyView(kind: Kind): View {
  return {
    kind,
    resources: PersistentMap.empty(),
    version: versionOf(0n),
    aliases: PersistentMap.empty(),
    mortal: PersistentMap.empty(),
    sum: 0n,
  };
}

/** The change by kind and name, undefined for what is removed. A name that is removed and put is put. */
function sorted(change: Change): {
  readonly byKind: ReadonlyMap<Kind, ReadonlyMap<string, Resource | undefined>>;
  readonly problems: string[];
} {
  const byKind = new Map<Kind, Map<string, Resource | undefined>>();
  const of = (kind: Kind): Map<string, Resource | undefined> => {
    let entries = byKind.get(kind);
    if (entries === undefined) {
      entries = new Map();
      byKind.set(kind, entries);
    }
    return entries;
  };
  const problems: string[] = [];
  for (const { kind, name } of change.remove ?? []) of(kind).set(name, undefined);
  for (const each of change.put ?? []) {
    if (of(each.kind).get(each.name) !== undefined) problems.push(`${label(each)} is given twice`);
    of(each.kind).set(each.name, each);
  }
  return { byKind, problems };
}

function changedView(former: View, entries: readonly (readonly [string, Resource | undefined])[]): View {
  let { sum } = former;
  const aliases: [string, string | undefined][] = [];
  const mortal: [string, Resource | undefined][] = [];
  for (const [name, next] of entries) {
    const before = former.resources.get(name);
    if (before !== undefined) sum -= fingerprint(before);
    if (next !== undefined) sum += fingerprint(next);
    for (const alias of before?.aliases ?? []) aliases.push([alias, undefined]);
    for (const alias of next?.aliases ?? []) aliases.push([alias, name]);
    if (before?.ttlMs !== undefined || next?.ttlMs !== undefined) {
      mortal.push([name, next?.ttlMs === undefined ? undefined : next]);
    }
  }
  return {
    kind: former.kind,
    resources: former.resources.with(entries),
    version: versionOf(sum),
    aliases: aliases.length === 0 ? former.aliases : former.aliases.with(aliases),
    mortal: mortal.length === 0 ? former.mortal : former.mortal.with(mortal),
    sum,
  };
}

const modulus = 1n << 96n;

/** A number of a resource's name and content. Their sum does not depend on an order, so a change costs one subtraction. */
function fingerprint(of: Resource): bigint {
  let known = fingerprints.get(of);
  if (known === undefined) {
    const hash = createHash("sha256").update(`${of.name}\0${of.version}`).digest("hex");
    known = BigInt(`0x${hash.slice(0, 24)}`);
    fingerprints.set(of, known);
  }
  return known;
}

const fingerprints = new WeakMap<Resource, bigint>();

function versionOf(sum: bigint): string {
  return (((sum % modulus) + modulus) % modulus).toString(36);
}

function referenceKey({ kind, name }: Reference): string {
  return `${kind}\0${name}`;
}

function count(
  counts: Map<string, { readonly reference: Reference; by: number }>,
  of: Resource | undefined,
  by: number,
): void {
  if (of === undefined) return;
  for (const reference of [...of.references.subscribes, ...of.references.uses]) {
    const key = referenceKey(reference);
    const entry = counts.get(key);
    if (entry === undefined) counts.set(key, { reference, by });
    else entry.by += by;
  }
}

/** What names something that is not there: among the new resources, and among all where something was removed. */
function dangling(content: Content, fresh: readonly Resource[], changed: ChangedNames): readonly string[] {
  const exists = ({ kind, name }: Reference): boolean =>
    content.views[kind].resources.has(name) || (kind === "cluster" && content.bootstrapClusters.has(name));
  const problems = new Set<string>();
  const complain = (from: Resource): void => {
    for (const reference of [...from.references.subscribes, ...from.references.uses]) {
      if (!exists(reference)) problems.add(`${label(from)} names ${label(reference)}, which is not there`);
    }
  };
  for (const each of fresh) complain(each);
  const orphaned = [...changed].some(([kind, names]) =>
    [...names].some((name) => !exists({ kind, name }) && content.referrers.has(referenceKey({ kind, name }))),
  );
  // To say who names it takes a look at all; it happens only when the change is refused.
  if (orphaned) for (const kind of kinds) for (const each of content.views[kind].resources.values()) complain(each);
  return [...problems];
}

/** How a resource is called in messages. */
function label({ kind, name }: Reference): string {
  return `${traits[kind].message.split(".").at(-1)} "${name}"`;
}
