/** OpenStack's releases that this operator deploys, each with the versions that belong together. */
export const releases = {
  "2025.1": { keystone: "27", barbican: "20" },
  "2026.1": { keystone: "29", barbican: "22" },
  "2026.2": { keystone: "30", barbican: "23" },
} as const;

/** Tags of the images that do not come with a release of OpenStack: Debian's versions in them. */
export const versions = { postgresql: "15", memcached: "1.6" } as const;

/** Why a release cannot be deployed, in words for a person; undefined where it can. */
export function releaseProblem(wanted: string, deployed: string | undefined): string | undefined {
  const known = Object.keys(releases);
  if (!known.includes(wanted)) return `${wanted} is not known: use one of ${known.join(", ")}`;
  // Upgrades want their own steps (expand, roll, contract); without them the schema would be left between two releases.
  if (deployed !== undefined && deployed !== wanted)
    return `${deployed} is deployed and a change to ${wanted} is not supported yet: set it back to ${deployed}`;
  return undefined;
}
