import type { Image } from "#operator/api/generated/image.ts";
import type { ProjectQuota } from "#operator/api/generated/project.ts";
import type { KubeObject } from "#runtime/api/object.ts";
import { bytesOf, sizeText } from "#runtime/api/quantity.ts";
import { type Amount, NOTHING, plus, takenByImage } from "./amounts.ts";

export type Verdict = { readonly kind: "fits" } | { readonly kind: "exceeded"; readonly what: string };

/**
 * What is said to each of those that wait, by UID. They are taken in the order in which they were created, and by name
 * within a second; each that fits counts for those after it. So every pass comes to the same verdict for all that were
 * created at once, whoever is looked at first.
 */
export function inTurn<T extends KubeObject>(
  waiting: readonly T[],
  quota: ProjectQuota,
  before: Amount,
  wantedBy: (one: T) => Amount,
): ReadonlyMap<string, Verdict> {
  const verdicts = new Map<string, Verdict>();
  let taken = before;
  for (const one of waiting.toSorted(byCreation)) {
    const wanted = wantedBy(one);
    const decision = verdict(taken, wanted, quota);
    if (decision.kind === "fits") taken = plus(taken, wanted);
    verdicts.set(one.metadata.uid, decision);
  }
  return verdicts;
}

/**
 * What is said to each Image that has no volume yet. Images come before Servers that are not built: those may wait for
 * just this Image.
 * @param before what is taken by Servers that are built
 */
export function imageVerdicts(
  images: readonly Image[],
  quota: ProjectQuota,
  before: Amount,
  hasVolume: (image: Image) => boolean,
): ReadonlyMap<string, Verdict> {
  const taken = images.filter(hasVolume).map(takenByImage).reduce(plus, before);
  const waiting = images.filter((image) => !hasVolume(image));
  return inTurn(waiting, quota, taken, takenByImage);
}

function byCreation(one: KubeObject, other: KubeObject): number {
  const [a, b] = [one.metadata, other.metadata];
  if (a.creationTimestamp !== b.creationTimestamp) return a.creationTimestamp < b.creationTimestamp ? -1 : 1;
  if (a.name === b.name) return 0;
  return a.name < b.name ? -1 : 1;
}

/** Whether `wanted` fits beside what is taken. Judged is only that of which it is more than `has`. */
export function verdict(taken: Amount, wanted: Amount, quota: ProjectQuota, has: Amount = NOTHING): Verdict {
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
