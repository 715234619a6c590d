import { setTimeout as sleep } from "node:timers/promises";
import { systemNamespace } from "#e2e/cluster/nephele-objects.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { at, type CloudBed, MINUTES, OPERATOR, partOf } from "#e2e/scenarios/cloud-bed.ts";
import { rotatable, rotate } from "#e2e/scenarios/cloud-rotations.ts";
import type { Cloud } from "#operator/api/generated/cloud.ts";
import { clouds } from "#operator/api/resources.ts";
import type { Goal } from "./report.ts";

/** Something that happens to a Cloud. It ends when what was done is over; not yet when all is well again. */
export interface Event {
  readonly what: string;
  readonly goal: Goal;
  readonly run: () => Promise<void>;
}

const POSTGRESQL = "postgresql";
const PRIMARY = "nephele.dev/database-role=primary";
const FAILOVER: Goal = { pauseAtMostMs: 10_000 };

/** How many pods each part of a Cloud has. */
export type Pods = Readonly<Record<"keystone" | "barbican" | typeof POSTGRESQL | "memcached", number>>;
type Part = keyof Pods;

export type Group = "pods" | "keys" | "releases" | "control";

/** What happens to a Cloud with three members of PostgreSQL. */
export function eventsOf(bed: CloudBed, cloud: string, pods: Pods): Readonly<Record<Group, readonly Event[]>> {
  const remove = (pod: string): Promise<unknown> =>
    bed.node.run("delete", "pod", pod, "-n", systemNamespace, "--wait=false");
  /** What happened to no pod would be an event that went well. */
  const someOf = async (labels: string): Promise<readonly string[]> => {
    const names = await bed.namesOf(labels);
    if (names.length === 0) throw new Error(`there is no pod ${labels}`);
    return names;
  };
  const kill = async (labels: string): Promise<void> => {
    await someOf(labels);
    await bed.kill(labels);
  };
  /** One after another, each when the one before is replaced, as a drain would. */
  const eachGoes = async (part: Part, labels = partOf(cloud, part)): Promise<void> => {
    for (const pod of await someOf(labels)) {
      const uid = async (): Promise<string | undefined> =>
        (await bed.podsOf(partOf(cloud, part))).find(({ metadata }) => metadata.name === pod)?.metadata.uid;
      const was = await uid();
      await remove(pod);
      await eventually(
        `${pod} to be replaced`,
        async () => (await uid()) !== was && (await wholeOf(bed, cloud, part, pods[part])),
        {
          withinMs: 3 * MINUTES,
        },
      );
    }
  };
  const bringTo = async (release: string): Promise<void> => {
    await bed.kube.mergePatch(clouds, at(cloud), { spec: { release } });
    await eventually(
      `release ${release}`,
      async () => {
        const { status } = (await bed.kube.get(clouds, at(cloud))) as Cloud;
        return status?.release?.deployed === release && status.release.phase === "Settled";
      },
      { withinMs: 10 * MINUTES },
    );
  };
  return {
    pods: [
      { what: "nothing", goal: "no error", run: () => sleep(MINUTES) },
      { what: "each pod of Keystone goes", goal: "no error", run: () => eachGoes("keystone") },
      { what: "each pod of Barbican goes", goal: "no error", run: () => eachGoes("barbican") },
      { what: "memcached's pod goes", goal: "no error", run: () => eachGoes("memcached") },
      {
        what: "each standby of PostgreSQL goes",
        goal: "no error",
        run: () => eachGoes(POSTGRESQL, `${partOf(cloud, POSTGRESQL)},nephele.dev/database-role!=primary`),
      },
      {
        what: "PostgreSQL's primary goes",
        goal: FAILOVER,
        run: () => eachGoes(POSTGRESQL, `${partOf(cloud, POSTGRESQL)},${PRIMARY}`),
      },
      {
        what: "PostgreSQL's primary is killed",
        goal: FAILOVER,
        run: () => kill(`${partOf(cloud, POSTGRESQL)},${PRIMARY}`),
      },
      { what: "the operator's pods are killed", goal: "no error", run: () => kill(OPERATOR) },
    ],
    keys: (Object.keys(rotatable) as (keyof typeof rotatable)[]).map((what) => ({
      what: `${what} rotate`,
      goal: "no error",
      run: () => rotate(bed, cloud, what),
    })),
    releases: ["2026.1", "2026.2"].map((release) => ({
      what: `an upgrade to ${release}`,
      goal: "no error",
      run: () => bringTo(release),
    })),
    control: [
      {
        what: "all pods of Barbican are killed at once",
        goal: "errors",
        run: () => kill(partOf(cloud, "barbican")),
      },
    ],
  };
}

/** Whether a part has all its pods, ready and none that is going. */
async function wholeOf(bed: CloudBed, cloud: string, part: Part, count: number): Promise<boolean> {
  const labels = partOf(cloud, part);
  const [there, ready] = [await bed.podsOf(labels), await bed.readyOf(labels)];
  return (
    ready.length === count &&
    there.length === count &&
    there.every(({ metadata }) => metadata.deletionTimestamp === undefined)
  );
}

/** Waits until a Cloud is Ready and each part has its pods; three seconds long, for a glance may come too early. */
export async function untilWhole(bed: CloudBed, cloud: string, pods: Pods): Promise<void> {
  let since: number | undefined;
  await eventually(
    `${cloud} to be whole`,
    async () => {
      const parts = await Promise.all(
        (Object.entries(pods) as [Part, number][]).map(([part, count]) => wholeOf(bed, cloud, part, count)),
      );
      const whole = parts.every(Boolean) && (await bed.isReady(cloud));
      since = whole ? (since ?? performance.now()) : undefined;
      return since !== undefined && performance.now() - since > 3_000;
    },
    { withinMs: 5 * MINUTES },
  );
}
