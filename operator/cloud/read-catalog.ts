import type { CloudStatusEndpoints } from "#operator/api/generated/cloud.ts";

/** An entry of Keystone's catalog. */
export interface CatalogEntry {
  readonly serviceType: string;
  readonly interface: string;
  readonly region: string;
  readonly url: string;
}

const IDENTITY = "identity";
/** The official type first; older catalogs use its alias (service-types authority). */
const KEY_MANAGER = ["key-manager", "keystore"];

export interface CatalogReading {
  readonly endpoints: CloudStatusEndpoints;
  /** What clients will not find, in words; undefined where all is there. */
  readonly missing: string | undefined;
}

/** Where the catalog says that the services are in a region. */
export function readCatalog(catalog: readonly CatalogEntry[], region: string): CatalogReading {
  const find = (types: readonly string[], use: string): string | undefined =>
    catalog.find((entry) => types.includes(entry.serviceType) && entry.interface === use && entry.region === region)
      ?.url;
  const identity = find([IDENTITY], "public");
  const keyManager = find(KEY_MANAGER, "public");
  const internalIdentity = find([IDENTITY], "internal");
  const internalKeyManager = find(KEY_MANAGER, "internal");
  const absent = [
    ...(identity === undefined ? ["identity (public)"] : []),
    ...(keyManager === undefined ? ["key-manager (public)"] : []),
    ...(internalIdentity === undefined ? ["identity (internal)"] : []),
    ...(internalKeyManager === undefined ? ["key-manager (internal)"] : []),
  ];
  const internal = {
    ...(internalIdentity === undefined ? {} : { identity: withVersion(internalIdentity) }),
    ...(internalKeyManager === undefined ? {} : { keyManager: internalKeyManager }),
  };
  return {
    endpoints: {
      ...(identity === undefined ? {} : { identity: withVersion(identity) }),
      ...(keyManager === undefined ? {} : { keyManager }),
      ...(Object.keys(internal).length === 0 ? {} : { internal }),
    },
    missing:
      absent.length === 0 ? undefined : `the catalog has no endpoint in the region ${region} of ${absent.join(", ")}`,
  };
}

/** Catalogs may name Keystone without its version, which clouds.yaml wants. */
function withVersion(url: string): string {
  const trimmed = url.replace(/\/+$/, "");
  return /\/v\d+(\.\d+)?$/.test(trimmed) ? trimmed : `${trimmed}/v3`;
}
