import type { Project, ProjectQuota } from "#operator/api/generated/project.ts";
import type { Desired } from "#runtime/api/object.ts";
import { bytesOf, formatBytes, formatCount } from "#runtime/api/quantity.ts";
import { childLabels, namespaceOf } from "../names.ts";

const GI = 1n << 30n;
const MI = 1n << 20n;

/** Pods beside those of Servers: importers, clones, a tenant's own. */
const OTHER_PODS = 50;
/** What a launcher pod needs beside its guest; KubeVirt computes 200 to 350 MiB. */
const LAUNCHER_OVERHEAD = 512n * MI;
/** For importers and what they unpack. */
const OTHER_MEMORY = 8n * GI;
const OTHER_STORAGE = 100n * GI;
/** The smallest guest that is thought of, where the number of Servers has no limit. */
const SMALL_GUEST = 128n * MI;

const NAME = "nephele";

/**
 * The backstop behind the quota of guests, which is counted from Flavors before a machine is made. It has room for
 * what the count knows nothing of: launchers, importers, scratch space, and every guest twice while it migrates. So
 * it stops what runs away and nobody who keeps to the quota.
 */
export function limits(project: Project): readonly Desired[] {
  const hard = hardLimits(project.spec.quota ?? {});
  if (Object.keys(hard).length === 0) return [];
  const metadata = { name: NAME, namespace: namespaceOf(project), labels: childLabels(project) };
  return [
    { apiVersion: "v1", kind: "ResourceQuota", metadata, spec: { hard } },
    // A ResourceQuota refuses containers that say no request: they get a small one.
    {
      apiVersion: "v1",
      kind: "LimitRange",
      metadata,
      spec: { limits: [{ type: "Container", defaultRequest: { cpu: "10m", memory: "64Mi" } }] },
    },
  ];
}

/** The ResourceQuota's `hard`, empty where the Project has no quota of guests. */
export function hardLimits({ servers, cores, memory, storage }: ProjectQuota): Readonly<Record<string, string>> {
  const hard: Record<string, string> = {};
  if (servers !== undefined) hard["pods"] = formatCount(3 * servers + OTHER_PODS);
  if (cores !== undefined) hard["requests.cpu"] = formatCount(2 * cores + (servers ?? cores) + 10);
  if (memory !== undefined) {
    const guests = bytesOf(memory);
    const launchers = servers === undefined ? guests / SMALL_GUEST + 1n : BigInt(servers);
    hard["requests.memory"] = formatBytes(2n * (guests + launchers * LAUNCHER_OVERHEAD) + OTHER_MEMORY);
  }
  if (storage !== undefined) hard["requests.storage"] = formatBytes(2n * bytesOf(storage) + OTHER_STORAGE);
  return hard;
}
