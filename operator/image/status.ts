import { QUOTA_EXCEEDED, WITHIN_QUOTA } from "#operator/amounts.ts";
import type { Image, ImageStatus } from "#operator/api/generated/image.ts";
import { allBoundaries, markedBoundaries } from "#operator/boundaries.ts";
import { findCondition, type NewCondition } from "#runtime/api/conditions.ts";
import type { StatusReport } from "#runtime/controller/definition.ts";
import { type Outcome, settled, unrecoverable, waiting } from "#runtime/controller/outcome.ts";
import type { ImportState } from "./decide.ts";
import type { ImageScope } from "./scope.ts";
import type { Sharing } from "./sharing.ts";

/** How often Servers are counted again; see the Flavor's controller for why they do not wake what they use. */
export const COUNT_EVERY_MS = 30_000;

/** What the pass ends with when nothing before stopped it. */
export function outcomeOf(scope: ImageScope): Outcome {
  const { context, state, sharing, lookAgainMs } = scope;
  const image = context.object;
  switch (state.phase) {
    case "killed":
      return unrecoverable(
        (state.problem === undefined ? lastWords(image) : undefined) ??
          `the import failed: ${state.problem ?? "CDI gave no reason"}; mend the source and make the Image again`,
      );
    case "queued":
    case "importing":
      return waiting(awaitedOf(scope), lookAgainMs === undefined ? {} : { pollAfterMs: lookAgainMs });
    case "active": {
      const awaited = sharing?.kind === "shared" ? sharing.awaited : [];
      if (awaited.length > 0) return waiting(awaited.map((project) => `Project ${project}`).join("; "));
      return settled({ message: "active", pollAfterMs: COUNT_EVERY_MS });
    }
    default:
      return state.phase satisfies never;
  }
}

/** What an Image that is not there yet waits for. */
function awaitedOf({ context, state, inUse, unplaced }: ImageScope): string {
  const { metadata, spec } = context.object;
  const { namespace = "", name } = metadata;
  const problem = state.problem === undefined ? "" : `; the last try said: ${state.problem}`;
  const place = placeOf(state, unplaced);
  if (inUse !== undefined) return `${inUse}${problem}${place}`;
  if (spec.source.upload !== undefined && state.phase === "queued") {
    const command = `virtctl image-upload dv ${name} -n ${namespace} --no-create --image-path <file>`;
    const awaited = state.takesUpload === true ? `an upload: ${command}` : "the server of the upload to start";
    return `${awaited}${problem}${place}`;
  }
  const progress = state.progress === undefined ? "" : ` ${state.progress} %`;
  return `DataVolume ${name} to be imported (${state.phase}${progress}${problem}${place})`;
}

function placeOf(state: ImportState, why: string | undefined): string {
  if (state.isUnplaced === true) return `; no node takes its importer: ${why ?? "its pod does not say why"}`;
  return why === undefined ? "" : `; no node takes a pod for it: ${why}`;
}

/** What was said of an import that failed: while it is tried again CDI does not say why it did. */
function lastWords({ status }: Image): string | undefined {
  const ready = findCondition(status?.conditions, "Ready");
  return ready?.reason === "UnrecoverableError" ? ready.message : undefined;
}

export function imageStatus(scope: ImageScope): StatusReport<Image> {
  const { context, state, usedBy, measured } = scope;
  const image = context.object;
  const before = image.status;
  const checksum = state.phase === "active" ? checksumOf(image) : undefined;
  const volume = scope.volumeName ?? before?.volume;
  const size = measured?.size ?? before?.size;
  const virtualSize = measured?.virtualSize ?? before?.virtualSize;
  const boundaries = allBoundaries(image.spec.boundaries, markedBoundaries(scope.volume));
  const sharedWith = scope.sharing === undefined ? before?.sharedWith : sharedProjects(scope.sharing);
  const fields: Omit<ImageStatus, "conditions" | "observedGeneration"> = {
    phase: state.phase,
    ...(state.progress === undefined ? {} : { progress: state.progress }),
    ...(checksum === undefined ? {} : { checksum }),
    ...(size === undefined ? {} : { size }),
    ...(virtualSize === undefined ? {} : { virtualSize }),
    ...(volume === undefined ? {} : { volume }),
    ...(boundaries.length === 0 ? {} : { boundaries }),
    usedBy,
    ...(sharedWith === undefined || sharedWith.length === 0 ? {} : { sharedWith }),
  };
  return { fields, conditions: [...quotaCondition(scope), ...sharedCondition(image, scope.sharing)] };
}

/** It is counted by this. */
function quotaCondition({ overQuota }: ImageScope): readonly NewCondition[] {
  if (overQuota === undefined) return [];
  const message = `It does not fit into the quota and is not imported: ${overQuota}`;
  return [{ type: WITHIN_QUOTA, status: "False", reason: QUOTA_EXCEEDED, message }];
}

/** What was compared, or what the address of a container image fixes. */
function checksumOf(image: Image): string | undefined {
  const { http, registry } = image.spec.source;
  return http?.checksum ?? registry?.url.split("@")[1];
}

function sharedProjects(sharing: Sharing): readonly string[] {
  return sharing.kind === "shared" ? sharing.projects : [];
}

/** Servers of other Projects read this condition before they use the Image. */
function sharedCondition(image: Image, sharing: Sharing | undefined): readonly NewCondition[] {
  if (sharing === undefined) {
    const last = image.status?.conditions?.find(({ type }) => type === "Shared");
    return last === undefined ? [] : [last];
  }
  switch (sharing.kind) {
    case "none":
      return [{ type: "Shared", status: "False", reason: "Private", message: "Only this Project may use it" }];
    case "refused":
      return [{ type: "Shared", status: "False", reason: "NotAllowed", message: sharing.problem }];
    case "taken":
      return [{ type: "Shared", status: "False", reason: "NameTaken", message: sharing.problem }];
    case "leaving":
      return [{ type: "Shared", status: "False", reason: "NameTaken", message: `${sharing.what} has to go first` }];
    case "shared": {
      const message =
        image.spec.visibility === "Public" ? "All Projects may use it" : `Shared with ${sharing.projects.join(", ")}`;
      return [{ type: "Shared", status: "True", reason: image.spec.visibility, message }];
    }
    default:
      return sharing satisfies never;
  }
}
