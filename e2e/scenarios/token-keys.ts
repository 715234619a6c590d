import { expect } from "vitest";
import { systemNamespace } from "#e2e/cluster/nephele-objects.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { coreSecrets } from "#operator/api/foreign.ts";
import { at, type CloudBed, MINUTES, partOf } from "./cloud-bed.ts";
import type { OwnCloud } from "./own-cloud.ts";
import { openTenantRequests, type TenantRequests } from "./tenant-requests.ts";

/**
 * Waits until every replica of Keystone finds these files, and no others, in a folder of keys, which kubelet brings a while
 * after they are in the core Secret.
 */
export async function untilAllRead(
  bed: CloudBed,
  cloud: string,
  folder: string,
  names: readonly string[],
): Promise<void> {
  const list = `import os; print(*sorted(f for f in os.listdir('/etc/keystone-keys/${folder}') if not f.startswith('..')), sep=',')`;
  const filesIn = async (pod: string): Promise<string> =>
    (await bed.node.run("exec", pod, "-n", systemNamespace, "--", "python3", "-c", list)).trim();
  let seen: readonly string[] = [];
  await eventually(
    `every replica to have the keys ${names.join(", ")}`,
    async () => {
      seen = await Promise.all((await bed.readyOf(partOf(cloud, "keystone"))).map(filesIn));
      return seen.length === 2 && seen.every((each) => each === names.join());
    },
    { withinMs: 4 * MINUTES, seen: () => seen },
  );
}

/** Ends memcached: else the answer for a token that was asked about before comes out of memory. */
async function forgetTokens(bed: CloudBed, cloud: string): Promise<void> {
  const labels = partOf(cloud, "memcached");
  const [before] = await bed.readyOf(labels);
  await bed.kill(labels);
  await eventually("another memcached", async () => {
    const [now] = await bed.readyOf(labels);
    return now !== undefined && now !== before;
  });
}

/** Asks often enough for both replicas to be asked. */
async function askAll(tenant: TenantRequests, secretId: string): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await tenant.ask(secretId);
}

/** Keys of tokens after a rotation. */
export interface Rotated {
  /** The core Secret that holds them, by what follows the Cloud's name, and the folder where replicas find them. */
  readonly secret: string;
  readonly folder: string;
  /** The key that tokens of before are of, and the names that are left without it. */
  readonly former: string;
  readonly others: readonly string[];
}

/**
 * After a rotation tokens of before and of after are good in every replica, with nothing remembered; without the former key,
 * which is the control, those of before are not.
 */
export async function nobodyIsCutOff(
  bed: CloudBed,
  cloud: string,
  { tenant, project }: OwnCloud,
  { secret, folder, former, others }: Rotated,
): Promise<void> {
  const id = await tenant.store("rotated");
  const later = await openTenantRequests(bed.node, cloud, project);
  try {
    await forgetTokens(bed, cloud);
    await askAll(tenant, id);
    await askAll(later, id);
    await bed.kube.mergePatch(coreSecrets, at(`${cloud}-${secret}`), { data: { [former]: null } });
    await untilAllRead(bed, cloud, folder, others);
    await forgetTokens(bed, cloud);
    await expect(tenant.ask(id)).rejects.toThrow(/Keystone answered 401/);
    await askAll(later, id);
  } finally {
    later.close();
  }
}
