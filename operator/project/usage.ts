import { isBuilt, isOverQuota, NOTHING, plus, takenByBuilt, takenByImage, wantedBy } from "#operator/amounts.ts";
import type { ProjectStatusUsed } from "#operator/api/generated/project.ts";
import type { Secret } from "#operator/api/generated/secret.ts";
import { takenByLeftovers } from "#operator/leftovers.ts";
import type { QuotaContents } from "#operator/quota-contents.ts";
import { formatBytes } from "#runtime/api/quantity.ts";

/** What is in a Project's namespace. */
export interface ProjectContents extends QuotaContents {
  readonly secrets: readonly Secret[];
}

/**
 * What the quota counts, as it counts it: guests by their Flavors, whether they run or not, disks of Servers and Images,
 * what Servers that are gone have left, and versions of Secrets. A Server or an Image that was refused for want of room and has no machine or
 * volume takes nothing.
 */
export function usage(contents: ProjectContents): ProjectStatusUsed {
  const servers = contents.servers.map((server) => {
    const isRefused = isOverQuota(server);
    if (isBuilt(server)) return takenByBuilt(server, isRefused, contents);
    return isRefused ? NOTHING : wantedBy(server, contents);
  });
  const images = contents.images.filter((image) => !isOverQuota(image));
  const taken = [...servers, ...images.map(takenByImage)].reduce(plus, takenByLeftovers(contents));
  const versions = contents.secrets.map((secret) => secret.status?.versions?.length ?? 0);
  return {
    servers: taken.servers,
    cores: taken.cores,
    memory: formatBytes(taken.memory),
    storage: formatBytes(taken.storage),
    secrets: versions.reduce((sum, count) => sum + count, 0),
  };
}
