import { systemNamespace } from "#e2e/cluster/nephele-objects.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { type Job, jobs } from "#operator/cloud/resources.ts";
import { at, type CloudBed, MINUTES } from "./cloud-bed.ts";

/** The Job of a Cloud that makes the keys of its stores in tokens. */
export interface StoreKeysJob {
  /** Throws where there is none, or are two: after a PIN was changed there are for a while. */
  current(): Promise<Job>;
  /** The one that has failed; undefined where none has. */
  failed(): Promise<Job | undefined>;
  /** Has the keys looked for again, as docs/cloud.md says how, and gives the Job once it has ended, however that was. */
  again(): Promise<Job>;
  /** What a Job says that it made, in order. */
  madeBy(job: Job): Promise<readonly string[]>;
}

export function storeKeysJobOf({ kube, node }: CloudBed, cloud: string): StoreKeysJob {
  const labelSelector = `nephele.dev/cloud=${cloud},nephele.dev/task=store-keys`;
  const all = (): Promise<readonly Job[]> => kube.list(jobs, { namespace: systemNamespace, labelSelector });
  const current = async (): Promise<Job> => {
    const [job, ...others] = await all();
    if (job === undefined || others.length > 0) throw new Error(`there is not one Job, but ${(await all()).length}`);
    return job;
  };
  return {
    current,
    failed: async () => (await all()).find((job) => hasEnded(job, "Failed")),
    again: async () => {
      const before = await current();
      await kube.delete(jobs, at(before.metadata.name), { propagation: "Foreground" });
      return eventually(
        "another Job to have ended",
        async () => {
          const job = await current();
          const ended = hasEnded(job, "Complete") || hasEnded(job, "Failed");
          return job.metadata.uid !== before.metadata.uid && ended && job;
        },
        { withinMs: 3 * MINUTES },
      );
    },
    madeBy: async ({ metadata }) => {
      const said = await node.run("logs", `job/${metadata.name}`, "-n", systemNamespace);
      return said.split("\n").filter((line) => line.endsWith(" was made"));
    },
  };
}

function hasEnded(job: Job, how: "Complete" | "Failed"): boolean {
  return job.status?.conditions?.some(({ type, status }) => type === how && status === "True") === true;
}
