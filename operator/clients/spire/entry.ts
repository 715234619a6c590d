import type { WrittenEntry, WrittenId } from "./messages.ts";

/** Who is given an identity: whoever has all the selectors, attested by whom the parent is. */
export interface Entry {
  /** The server's key of it; see operator/registration for ours. */
  readonly id: string;
  /** `spiffe://<trust domain>/…`. */
  readonly spiffeId: string;
  /** A node's, or the alias of nodes; the server's own for an alias. */
  readonly parentId: string;
  /** As SPIRE writes them, `k8s:ns:default`. */
  readonly selectors: readonly string[];
  /** From when on it is void, seconds since 1970; undefined is never. */
  readonly expiresAt?: number;
}

/** An entry that the server holds. */
export interface HeldEntry extends Entry {
  /** What else was set on it, by name: rights of administration, DNS names, lives … Ours have nothing of that. */
  readonly extras: readonly string[];
}

export function writtenOf({ id, spiffeId, parentId, selectors, expiresAt = 0 }: Entry): WrittenEntry {
  return {
    id,
    spiffeId: idOf(spiffeId),
    parentId: idOf(parentId),
    selectors: selectors.map((selector) => {
      const [type = "", ...value] = selector.split(":");
      return { type, value: value.join(":") };
    }),
    expiresAt,
    ...nothingElse,
  };
}

/** What an entry has where nothing else was set. */
const nothingElse = {
  x509SvidTtl: 0,
  jwtSvidTtl: 0,
  federatesWith: [],
  admin: false,
  downstream: false,
  dnsNames: [],
  storeSvid: false,
  hint: "",
} as const satisfies Partial<WrittenEntry>;

export function heldOf(written: WrittenEntry): HeldEntry {
  const { id, spiffeId, parentId, selectors, expiresAt } = written;
  const names = Object.keys(nothingElse) as readonly (keyof typeof nothingElse)[];
  return {
    id,
    spiffeId: textOf(spiffeId),
    parentId: textOf(parentId),
    selectors: selectors.map(({ type, value }) => `${type}:${value}`),
    ...(expiresAt === 0 ? {} : { expiresAt }),
    extras: names.filter((name) => JSON.stringify(written[name]) !== JSON.stringify(nothingElse[name])),
  };
}

function idOf(text: string): WrittenId {
  const { host, pathname } = new URL(text);
  return { trustDomain: host, path: pathname };
}

function textOf({ trustDomain, path }: WrittenId): string {
  return `spiffe://${trustDomain}${path}`;
}
