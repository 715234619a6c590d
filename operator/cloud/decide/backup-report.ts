import type { Pod } from "#operator/api/foreign.ts";

/** What a pod that made a backup said at its end (programs/back_up.py). */
export interface BackupReport {
  readonly completedAt: string;
  /** Of all files of it. */
  readonly bytes: number;
  /** How many backups are on the volume. */
  readonly kept: number;
}

/** What a pod that restored one in a drill said (programs/drill.py). */
export interface DrillReport {
  readonly projects: number;
  readonly secrets: number;
}

/** Undefined where no pod that ended well is left, or what it said is nothing that we know. Pure. */
export function backupReport(pods: readonly Pod[]): BackupReport | undefined {
  const { completedAt, bytes, kept } = saidBy(pods);
  if (typeof completedAt !== "string" || Number.isNaN(Date.parse(completedAt))) return undefined;
  return isCount(bytes) && isCount(kept) ? { completedAt, bytes, kept } : undefined;
}

/** The same of a drill. Pure. */
export function drillReport(pods: readonly Pod[]): DrillReport | undefined {
  const { projects, secrets } = saidBy(pods);
  return isCount(projects) && isCount(secrets) ? { projects, secrets } : undefined;
}

/** The fields of the termination message of a pod that ended well; none where there is no such. */
function saidBy(pods: readonly Pod[]): Readonly<Record<string, unknown>> {
  const ended = pods.flatMap(({ status }) => status?.containerStatuses ?? []).map(({ state }) => state?.terminated);
  const message = ended.find((each) => each?.exitCode === 0)?.message;
  try {
    const said: unknown = JSON.parse(message ?? "null");
    return typeof said === "object" && said !== null ? { ...said } : {};
  } catch {
    return {};
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
