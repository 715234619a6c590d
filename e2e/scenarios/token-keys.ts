import { systemNamespace } from "#e2e/cluster/nephele-objects.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { type CloudBed, MINUTES, partOf } from "./cloud-bed.ts";
import type { TenantRequests } from "./tenant-requests.ts";

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
export async function forgetTokens(bed: CloudBed, cloud: string): Promise<void> {
  const labels = partOf(cloud, "memcached");
  const [before] = await bed.readyOf(labels);
  await bed.kill(labels);
  await eventually("another memcached", async () => {
    const [now] = await bed.readyOf(labels);
    return now !== undefined && now !== before;
  });
}

/** Asks often enough for both replicas to be asked. */
export async function askAll(tenant: TenantRequests, secretId: string): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await tenant.ask(secretId);
}
