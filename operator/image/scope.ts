import type { Admissions } from "#operator/admissions.ts";
import { type DataVolume, dataVolumes } from "#operator/api/foreign.ts";
import type { Image } from "#operator/api/generated/image.ts";
import type { Project } from "#operator/api/generated/project.ts";
import { projects, servers } from "#operator/api/resources.ts";
import { keyText } from "#runtime/api/object.ts";
import type { ReconcileContext } from "#runtime/controller/definition.ts";
import { type ImportState, importState } from "./decide.ts";
import type { Sharing } from "./sharing.ts";
import { keyOfImage, PROJECT_BY_NAMESPACE, SERVERS_OF_IMAGE } from "./wakes.ts";

/** What the steps of one pass share. */
export interface ImageScope {
  readonly context: ReconcileContext<Image>;
  /** The DataVolume of the Image's name, whoever made it. */
  readonly volume: DataVolume | undefined;
  readonly state: ImportState;
  /** The Project of the Image's namespace. */
  readonly project: Project | undefined;
  readonly usedBy: number;
  /** Shared by all passes of the process, of Servers and of Images. */
  readonly admissions: Admissions;
  /** What of the Project's quota the Image does not fit into. */
  overQuota?: string;
  /** Set once the DataVolume is known to be ours. */
  volumeName?: string;
  /** Set when Role and RoleBinding are as they should be. */
  sharing?: Sharing;
  /** Set while no node takes a pod that the volume is written with: why. */
  unplaced?: string;
  /** Set while what is to be copied is in use: what has to end. */
  inUse?: string;
  /** Set while pods are looked at, which are not watched. */
  lookAgainMs?: number;
  /** Set when the volume was measured in this pass. */
  measured?: { readonly size?: string; readonly virtualSize?: string };
}

export function imageScope(context: ReconcileContext<Image>, admissions: Admissions): ImageScope {
  const { object: image, cache } = context;
  const namespace = image.metadata.namespace ?? "";
  const volume = cache.get(dataVolumes, { namespace, name: image.metadata.name });
  return {
    context,
    admissions,
    volume,
    state: importState(volume, image.status?.phase),
    project: cache.byIndex(projects, PROJECT_BY_NAMESPACE, namespace)[0],
    usedBy: cache.byIndex(servers, SERVERS_OF_IMAGE, keyText(keyOfImage(image))).length,
  };
}
