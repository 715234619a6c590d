import { type Amount, NOTHING, plus, type Sizes, takenByBuilt, takenByImage, wantedBy } from "#operator/amounts.ts";
import type { Image } from "#operator/api/generated/image.ts";
import type { ProjectQuota } from "#operator/api/generated/project.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { bytesOf, sizeText } from "#runtime/api/quantity.ts";

/** What a namespace holds, and how to find what its Servers name. */
export interface QuotaWorld extends Sizes {
  readonly servers: readonly Server[];
  readonly images: readonly Image[];
  /** What Servers that are gone still take. */
  readonly left: Amount;
  /** Whether a Server has its machine already. */
  readonly built: (server: Server) => boolean;
  /** Whether a Server that has its machine was told that what it wishes to be does not fit. */
  readonly refused: (server: Server) => boolean;
}

export type Verdict = { readonly kind: "fits" } | { readonly kind: "exceeded"; readonly what: string };

/**
 * Whether `server` may be built, or grow to the Flavor that it names now.
 *
 * What is built counts first, as large as it is or is becoming. Then those that wait are taken in the order in which
 * they were created, and by name within a second; each that fits counts for those after it. So every pass comes to
 * the same verdict for all that were created at once, whoever is looked at first.
 * @param has what the Server has already: of that it is refused nothing, also where the quota was lowered below it
 */
export function quotaVerdict(
  server: Server,
  quota: ProjectQuota | undefined,
  world: QuotaWorld,
  has: Amount = NOTHING,
): Verdict {
  if (quota === undefined) return { kind: "fits" };
  const isThis = (other: Server): boolean => other.metadata.uid === server.metadata.uid;
  let taken = world.images.map(takenByImage).reduce(plus, world.left);
  const waiting: Server[] = [];
  for (const other of world.servers) {
    if (isThis(other)) continue;
    if (world.built(other)) taken = plus(taken, takenByBuilt(other, world.refused(other), world));
    else waiting.push(other);
  }
  // One that is built and asks for more competes with nobody that only waits.
  if (world.built(server)) return verdict(taken, wantedBy(server, world), quota, has);
  for (const other of [...waiting, server].sort(byCreation)) {
    const wanted = wantedBy(other, world);
    const decision = verdict(taken, wanted, quota, NOTHING);
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

function verdict(taken: Amount, wanted: Amount, quota: ProjectQuota, has: Amount): Verdict {
  const count = (value: bigint): string => `${value}`;
  const countOf = (value: number | undefined): bigint | undefined => (value === undefined ? undefined : BigInt(value));
  const lines = [
    { name: "servers", limit: countOf(quota.servers), of: ({ servers }: Amount) => BigInt(servers), text: count },
    { name: "cores", limit: countOf(quota.cores), of: ({ cores }: Amount) => BigInt(cores), text: count },
    { name: "memory", limit: limitOf(quota.memory), of: ({ memory }: Amount) => memory, text: sizeText },
    { name: "storage", limit: limitOf(quota.storage), of: ({ storage }: Amount) => storage, text: sizeText },
  ];
  const what = lines.flatMap(({ name, limit, of, text }) => {
    const [have, want] = [of(taken), of(wanted)];
    return limit !== undefined && want > of(has) && have + want > limit
      ? [`${name} (${text(want)} wanted, ${text(have)} of ${text(limit)} taken)`]
      : [];
  });
  return what.length === 0 ? { kind: "fits" } : { kind: "exceeded", what: what.join(", ") };
}

function limitOf(quantity: string | undefined): bigint | undefined {
  return quantity === undefined ? undefined : bytesOf(quantity);
}
