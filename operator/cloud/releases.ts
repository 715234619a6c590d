/** OpenStack's releases that this operator deploys, each with the versions that belong together. */
export const releases = {
  "2025.1": { keystone: "27", barbican: "20" },
  "2026.1": { keystone: "29", barbican: "22" },
  "2026.2": { keystone: "30", barbican: "23" },
} as const;

/** Tags of the images that do not come with a release of OpenStack: Debian's versions in them. */
export const versions = { postgresql: "15", memcached: "1.6" } as const;

/** Every release that is known, the oldest first. */
export const knownReleases: readonly string[] = Object.keys(releases);

/**
 * Whether OpenStack supports an upgrade between two releases: to the next one, or from one .1 to the next .1
 * (OpenStack's "Release Cadence Adjustment", SLURP).
 */
export function canUpgrade(from: string, to: string): boolean {
  const apart = place(to) - place(from);
  return apart === 1 || (apart === 2 && from.endsWith(".1"));
}

/** Releases in their order, two a year. */
function place(release: string): number {
  const [year = 0, half = 0] = release.split(".").map(Number);
  return year * 2 + half;
}
