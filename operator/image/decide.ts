import type { DataVolume } from "#operator/api/foreign.ts";
import type { ImageStatus } from "#operator/api/generated/image.ts";

/**
 * CDI never gives up on an import: it starts the importer again and again. After this many restarts the Image is
 * `killed`, with the importer's reason, and stays so while it is tried again; should a later try succeed, it is `active` all
 * the same.
 */
const RESTARTS_TO_KILLED = 3;

export interface ImportState {
  /** State, in Glance's words. */
  readonly phase: NonNullable<ImageStatus["phase"]>;
  /** Whole percent, where CDI says it. */
  readonly progress?: number;
  /** No node takes the importer's pod. CDI does not say why; steps/importer.ts asks. */
  readonly isUnplaced?: true;
  /** The server of an upload is up: the disk can be sent. */
  readonly takesUpload?: true;
  /** What the importer complained about; not said while it is tried again. */
  readonly problem?: string;
}

/** Phases of a DataVolume (CDI, `DataVolumePhase`) in which nothing has been written yet. */
const NOT_BEGUN = new Set([
  "",
  "Pending",
  "PVCBound",
  "WaitForFirstConsumer",
  "PendingPopulation",
  "Unknown",
  "Paused",
]);

/** Reason of the condition `Running` while no node takes the importer's pod. */
const UNPLACED = "Unschedulable";

/** Reasons of the condition `Running` while an importer is only being started. */
const HARMLESS = new Set([
  "",
  UNPLACED,
  "Pending",
  "ContainerCreating",
  "PodInitializing",
  "Completed",
  "TransferRunning",
]);

/**
 * What a DataVolume's status says about the Image.
 * @param volume undefined: there is none yet
 * @param before the phase that the Image has said last
 */
export function importState(volume: DataVolume | undefined, before?: ImportState["phase"]): ImportState {
  const status = volume?.status;
  const phase = status?.phase ?? "";
  if (phase === "Succeeded") return { phase: "active", progress: 100 };
  const problem = problemOf(volume);
  const said = {
    ...(isUnplaced(volume) ? { isUnplaced: true as const } : {}),
    ...(problem === undefined ? {} : { problem }),
  };
  if (phase === "Failed") return { phase: "killed", problem: problem ?? "CDI gave up without a reason" };
  if ((status?.restartCount ?? 0) >= RESTARTS_TO_KILLED) {
    if (problem !== undefined) return { phase: "killed", problem };
    if (before === "killed") return { phase: "killed" };
  }
  if (NOT_BEGUN.has(phase)) return { phase: "queued", ...said };
  // An upload that nobody has begun is waited for, as Glance's queued.
  if (phase === "UploadScheduled") return { phase: "queued", ...said };
  if (phase === "UploadReady") return { phase: "queued", takesUpload: true, ...said };
  const progress = percent(status?.progress);
  return { phase: "importing", ...(progress === undefined ? {} : { progress }), ...said };
}

function isUnplaced(volume: DataVolume | undefined): boolean {
  return (volume?.status?.conditions ?? []).some(({ type, reason }) => type === "Running" && reason === UNPLACED);
}

function problemOf(volume: DataVolume | undefined): string | undefined {
  const conditions = volume?.status?.conditions ?? [];
  const failing = conditions.find(
    ({ type, status, reason = "", message = "" }) =>
      status === "False" && message !== "" && !HARMLESS.has(reason) && (type === "Running" || type === "Bound"),
  );
  if (failing === undefined) return undefined;
  // A claim that is only not bound yet is no problem.
  if (failing.type === "Bound" && (failing.reason === "Pending" || failing.reason === "NotFound")) return undefined;
  return failing.message;
}

/** `42.00%` is 42; `N/A` is not known. */
function percent(progress: string | undefined): number | undefined {
  const value = Number.parseFloat(progress ?? "");
  return Number.isFinite(value) ? Math.min(100, Math.max(0, Math.floor(value))) : undefined;
}
