import type { ObjectKey } from "#runtime/api/object.ts";
import { keyText } from "#runtime/api/object.ts";
import { timeText } from "#runtime/api/time.ts";

/**
 * What we write into the user metadata of each secret that we make, so that it is found again after a crash, a restore
 * or a lost status. Identity is the installation and the object's name, never a Kubernetes UID.
 */
export interface Mark {
  readonly installation: string;
  /** `namespace/name` of our Secret. */
  readonly object: string;
  readonly version: number;
  /** `secret` is what people read; `public` the public half of a generated pair. */
  readonly part: "secret" | "public";
  /** By our clock, which rotation goes by. */
  readonly createdAt: Date;
  readonly mac?: string;
  readonly container?: string;
  readonly order?: string;
  /** The object said `onDelete: Retain`: no sweep takes it. */
  readonly retain: boolean;
}

/** Whose mark it is: what is compared before anything is taken for ours. */
export interface Owner {
  readonly installation: string;
  readonly object: string;
}

export function ownerOf(installation: string, key: ObjectKey): Owner {
  return { installation, object: keyText(key) };
}

export function isOwnedBy(mark: Mark, owner: Owner): boolean {
  return mark.installation === owner.installation && mark.object === owner.object;
}

const PREFIX = "nephele-";

/** The mark as user metadata. Barbican lets keys be of `a-z 0-9 _ -`, and values of 255 characters. */
export function toMetadata(mark: Mark): Readonly<Record<string, string>> {
  const values: Record<string, string | undefined> = {
    installation: mark.installation,
    object: mark.object,
    version: String(mark.version),
    part: mark.part,
    created: timeText(mark.createdAt),
    mac: mark.mac,
    container: mark.container,
    order: mark.order,
    retain: mark.retain ? "true" : undefined,
  };
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[PREFIX + key, value]])),
  );
}

/** The mark in user metadata, or undefined where there is none or it is not whole: members may write there too. */
export function fromMetadata(metadata: Readonly<Record<string, string>>): Mark | undefined {
  const value = (key: string): string | undefined => metadata[PREFIX + key];
  const [installation, object, part] = [value("installation"), value("object"), value("part")];
  const version = Number(value("version"));
  const createdAt = new Date(value("created") ?? Number.NaN);
  if (installation === undefined || object === undefined || (part !== "secret" && part !== "public")) return undefined;
  if (!Number.isSafeInteger(version) || version < 1 || Number.isNaN(createdAt.getTime())) return undefined;
  const [mac, container, order] = [value("mac"), value("container"), value("order")];
  return {
    installation,
    object,
    version,
    part,
    createdAt,
    ...(mac === undefined ? {} : { mac }),
    ...(container === undefined ? {} : { container }),
    ...(order === undefined ? {} : { order }),
    retain: value("retain") === "true",
  };
}

/** Metadata with our mark in it, and what others wrote there left as it is; undefined where it is so already. */
export function withMark(
  metadata: Readonly<Record<string, string>>,
  mark: Mark,
): Readonly<Record<string, string>> | undefined {
  const others = Object.entries(metadata).filter(([key]) => !key.startsWith(PREFIX));
  const wanted = { ...Object.fromEntries(others), ...toMetadata(mark) };
  const keys = new Set([...Object.keys(metadata), ...Object.keys(wanted)]);
  const same = [...keys].every((key) => metadata[key] === (wanted as Readonly<Record<string, string>>)[key]);
  return same ? undefined : wanted;
}

/** What the orders of a whole installation, of one object, and of one version are found by. */
export const orderMarkOf = {
  installation: (installation: string): string => `nephele:${installation}`,
  object: ({ installation, object }: Owner): string => `nephele:${installation}:${object}`,
  version: ({ installation, object }: Owner, version: number): string => `nephele:${installation}:${object}:${version}`,
};

/**
 * The marks of an order. They stand in its `meta` from the moment it is made: an order has no user metadata, but
 * Barbican keeps what it does not know in `meta` and finds orders by a whole value of it.
 */
export function orderMarks(owner: Owner, version: number): readonly string[] {
  return [orderMarkOf.installation(owner.installation), orderMarkOf.object(owner), orderMarkOf.version(owner, version)];
}

/** Whose order it is and for which version; the inverse of {@link orderMarks}. */
export function parseOrderMarks(marks: readonly string[]): (Owner & { readonly version: number }) | undefined {
  const match = /^nephele:([^:]+):([^:]+):([1-9]\d{0,8})$/.exec(marks.at(-1) ?? "");
  if (match === null) return undefined;
  const [, installation = "", object = "", version = ""] = match;
  return { installation, object, version: Number(version) };
}
