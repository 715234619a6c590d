import type { Flavor } from "#operator/api/generated/flavor.ts";
import type { Image } from "#operator/api/generated/image.ts";
import type { ProjectQuota } from "#operator/api/generated/project.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { bytesOf, sizeText } from "#runtime/api/quantity.ts";
import { imageKey, imageSize } from "./root-disk.ts";

/** What one or many Servers take of a quota; memory and storage in bytes. */
export interface Amount {
  readonly servers: number;
  readonly cores: number;
  readonly memory: bigint;
  readonly storage: bigint;
}

/** What a namespace holds, and how to find what its Servers name. */
export interface QuotaWorld {
  readonly servers: readonly Server[];
  readonly images: readonly Image[];
  readonly flavor: (name: string) => Flavor | undefined;
  readonly image: (key: { readonly namespace: string; readonly name: string }) => Image | undefined;
  /** Whether a Server has its machine already. */
  readonly built: (server: Server) => boolean;
  /** Whether a Server that has its machine was told that what it wishes to be does not fit. */
  readonly refused: (server: Server) => boolean;
}

export type Verdict = { readonly kind: "fits" } | { readonly kind: "exceeded"; readonly what: string };

const NOTHING: Amount = { servers: 0, cores: 0, memory: 0n, storage: 0n };

/**
 * Whether `server` may be built, or grow to the Flavor that it names now.
 *
 * What is built counts first, as large as it is or is becoming. Then those that wait are taken in the order in which
 * they were created, and by name within a second; each that fits counts for those after it. So every pass comes to
 * the same verdict for all that were created at once, whoever is looked at first.
 */
export function quotaVerdict(server: Server, quota: ProjectQuota | undefined, world: QuotaWorld): Verdict {
  if (quota === undefined) return { kind: "fits" };
  const isThis = (other: Server): boolean => other.metadata.uid === server.metadata.uid;
  const images = world.images.reduce(
    (sum, image) => sum + bytesOf(image.status?.size ?? image.spec.minDisk ?? "0"),
    0n,
  );
  let taken: Amount = { ...NOTHING, storage: images };
  const waiting: Server[] = [];
  for (const other of world.servers) {
    if (isThis(other)) continue;
    if (world.built(other)) taken = plus(taken, largest(other, world));
    else waiting.push(other);
  }
  // One that is built and asks for more competes with nobody that only waits.
  if (world.built(server)) return verdict(taken, wantedBy(server, world), quota);
  for (const other of [...waiting, server].sort(byCreation)) {
    const wanted = wantedBy(other, world);
    const decision = verdict(taken, wanted, quota);
    if (isThis(other)) return decision;
    if (decision.kind === "fits") taken = plus(taken, wanted);
  }
  return { kind: "fits" };
}

function byCreation(one: Server, other: Server): number {
  const [a, b] = [one.metadata, other.metadata];
  if (a.creationTimestamp !== b.creationTimestamp) return a.creationTimestamp < b.creationTimestamp ? -1 : 1;
  if (a.name === b.name) return 0;
  return a.name < b.name ? -1 : 1;
}

/** What the Server takes when it is as its spec says. */
export function wantedBy(server: Server, world: QuotaWorld): Amount {
  const flavor = world.flavor(server.spec.flavorRef.name);
  return { ...sizeOf(flavor), servers: 1, storage: storageOf(server, flavor, world) };
}

/**
 * While it is resized, a machine counts as the larger of both sizes: it may be confirmed or reverted. What it wishes to be
 * and was refused counts for nothing, or one who asks for too much would hold up all others.
 */
function largest(server: Server, world: QuotaWorld): Amount {
  const { flavor, resize, rootDisk } = server.status ?? {};
  const refused = world.refused(server) && flavor !== undefined && rootDisk !== undefined;
  const names = [refused ? undefined : server.spec.flavorRef.name, flavor, resize?.from];
  const sizes = names.filter((name) => name !== undefined).map((name) => sizeOf(world.flavor(name)));
  return {
    servers: 1,
    cores: Math.max(...sizes.map(({ cores }) => cores)),
    memory: most(sizes.map(({ memory }) => memory)),
    storage: refused ? bytesOf(rootDisk.size ?? "0") : wantedBy(server, world).storage,
  };
}

function sizeOf(flavor: Flavor | undefined): Pick<Amount, "cores" | "memory"> {
  return { cores: flavor?.spec.cpus ?? 0, memory: bytesOf(flavor?.spec.memory ?? "0") };
}

function storageOf(server: Server, flavor: Flavor | undefined, world: QuotaWorld): bigint {
  const made = bytesOf(server.status?.rootDisk?.size ?? "0");
  const asked = server.spec.rootDisk.size;
  if (asked !== undefined) return most([made, bytesOf(asked)]);
  const image = world.image(imageKey(server));
  return most([made, bytesOf(flavor?.spec.disk ?? "0"), image === undefined ? 0n : bytesOf(imageSize(image))]);
}

function plus(one: Amount, other: Amount): Amount {
  return {
    servers: one.servers + other.servers,
    cores: one.cores + other.cores,
    memory: one.memory + other.memory,
    storage: one.storage + other.storage,
  };
}

function verdict(taken: Amount, wanted: Amount, quota: ProjectQuota): Verdict {
  const count = (value: bigint): string => `${value}`;
  const countOf = (value: number | undefined): bigint | undefined => (value === undefined ? undefined : BigInt(value));
  const lines = [
    {
      name: "servers",
      limit: countOf(quota.servers),
      have: BigInt(taken.servers),
      want: BigInt(wanted.servers),
      text: count,
    },
    { name: "cores", limit: countOf(quota.cores), have: BigInt(taken.cores), want: BigInt(wanted.cores), text: count },
    { name: "memory", limit: limitOf(quota.memory), have: taken.memory, want: wanted.memory, text: sizeText },
    { name: "storage", limit: limitOf(quota.storage), have: taken.storage, want: wanted.storage, text: sizeText },
  ];
  const what = lines.flatMap(({ name, limit, have, want, text }) =>
    limit !== undefined && want > 0n && have + want > limit
      ? [`${name} (${text(want)} wanted, ${text(have)} of ${text(limit)} taken)`]
      : [],
  );
  return what.length === 0 ? { kind: "fits" } : { kind: "exceeded", what: what.join(", ") };
}

function limitOf(quantity: string | undefined): bigint | undefined {
  return quantity === undefined ? undefined : bytesOf(quantity);
}

function most(amounts: readonly bigint[]): bigint {
  let largest = 0n;
  for (const amount of amounts) if (amount > largest) largest = amount;
  return largest;
}
