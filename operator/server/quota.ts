import {
  type Amount,
  imageKey,
  NOTHING,
  plus,
  type Sizes,
  takenByBuilt,
  takenByImage,
  wantedBy,
} from "#operator/amounts.ts";
import type { Image } from "#operator/api/generated/image.ts";
import type { ProjectQuota } from "#operator/api/generated/project.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { imageVerdicts, inTurn, type Verdict, verdict } from "#operator/quota.ts";
import { isTrue } from "#runtime/api/conditions.ts";

/** What a namespace holds, and how to find what its Servers name. */
export interface QuotaWorld extends Sizes {
  readonly servers: readonly Server[];
  readonly images: readonly Image[];
  /** What Servers that are gone still take. */
  readonly left: Amount;
  /** Whether an Image has its volume already. */
  readonly hasVolume: (image: Image) => boolean;
  /** Whether a Server has its machine already. */
  readonly built: (server: Server) => boolean;
  /** Whether a Server that has its machine was told that what it wishes to be does not fit. */
  readonly refused: (server: Server) => boolean;
}

/**
 * Whether `server` may be built, or grow to the Flavor that it names now. What is built counts first, as large as it is
 * or is becoming; then Images, but those that do not fit themselves; then Servers that wait, in turn.
 * @param has what the Server has already: of that it is refused nothing, also where the quota was lowered below it
 */
export function quotaVerdict(
  server: Server,
  quota: ProjectQuota | undefined,
  world: QuotaWorld,
  has: Amount = NOTHING,
): Verdict {
  if (quota === undefined) return { kind: "fits" };
  const takenBy = (other: Server): Amount => takenByBuilt(other, world.refused(other), world);
  const others = world.servers.filter(({ metadata }) => metadata.uid !== server.metadata.uid);
  const built = others.filter(world.built).map(takenBy).reduce(plus, world.left);
  const isBuilt = world.built(server);
  const judged = imageVerdicts(world.images, quota, isBuilt ? plus(built, takenBy(server)) : built, world.hasVolume);
  const kept = world.images.filter(({ metadata }) => judged.get(metadata.uid)?.kind !== "exceeded");
  const taken = kept.map(takenByImage).reduce(plus, built);
  const wanted = (one: Server): Amount => wantedBy(one, world);
  // One that is built and asks for more competes with nobody that only waits.
  if (isBuilt) return verdict(taken, wanted(server), quota, has);
  const waiting = [...others.filter((other) => !world.built(other) && mayBeBuilt(other, world)), server];
  return inTurn(waiting, quota, taken, wanted).get(server.metadata.uid) ?? { kind: "fits" };
}

/** One that nothing is built for, whatever room there is, takes nobody's turn: what it names is missing, or its spec is wrong. */
function mayBeBuilt(server: Server, { flavor, image }: Sizes): boolean {
  const isThere = flavor(server.spec.flavorRef.name) !== undefined && image(imageKey(server)) !== undefined;
  return isThere && !isTrue(server.status?.conditions, "Stalled");
}
