import type { Pod } from "#operator/api/foreign.ts";

/** What a pod that made a backup said at its end (programs/back_up.py). */
export interface BackupReport {
  readonly completedAt: string;
  /** Of all files of it. */
  readonly bytes: number;
  /** How many backups are on the volume. */
  readonly kept: number;
}

/** Undefined where no pod that ended well is left, or what it said is nothing that we know. Pure. */
export function backupReport(pods: readonly Pod[]): BackupReport | undefined {
  const ended = pods.flatMap(({ status }) => status?.containerStatuses ?? []).map(({ state }) => state?.terminated);
  const message = ended.find((each) => each?.exitCode === 0)?.message;
  try {
    const said: unknown = JSON.parse(message ?? "null");
    return isReport(said) ? { completedAt: said.completedAt, bytes: said.bytes, kept: said.kept } : undefined;
  } catch {
    return undefined;
  }
}

function isReport(said: unknown): said is BackupReport {
  if (typeof said !== "object" || said === null) return false;
  const { completedAt, bytes, kept } = said as Partial<Record<keyof BackupReport, unknown>>;
  const whole = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
  return typeof completedAt === "string" && !Number.isNaN(Date.parse(completedAt)) && whole(bytes) && whole(kept);
}
