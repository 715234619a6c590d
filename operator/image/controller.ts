import type { Admissions } from "#operator/admissions.ts";
import { dataSources, dataVolumes, namespaces, roleBindings, roles, virtualMachines } from "#operator/api/foreign.ts";
import type { Image } from "#operator/api/generated/image.ts";
import { MANAGED_SELECTOR } from "#operator/api/marks.ts";
import { clouds, flavors, images, projects, servers } from "#operator/api/resources.ts";
import { isGone, isKept } from "#operator/leftovers.ts";
import { shortList } from "#operator/short-list.ts";
import { keyText } from "#runtime/api/object.ts";
import { type Controller, defineController, index, watch } from "#runtime/controller/definition.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { sharingName } from "./children.ts";
import { type ImageScope, imageScope } from "./scope.ts";
import { decideSharing, isToBeTakenBack, namespaceOf } from "./sharing.ts";
import { imageStatus, outcomeOf } from "./status.ts";
import { lookAtImporter } from "./steps/importer.ts";
import { checkQuota } from "./steps/quota.ts";
import { ensureSharing } from "./steps/sharing.ts";
import { checkSource, ensureDataSource, ensureVolume, measure } from "./steps/volume.ts";
import {
  BUILDING_FROM_IMAGE,
  buildingFrom,
  deletedImageOf,
  imageOf,
  imageOfRole,
  imagesOfProject,
  imagesToImport,
  keyOfImage,
  PROJECT_BY_NAMESPACE,
  SERVERS_OF_IMAGE,
  SHARED_WITH,
  sameName,
  serverText,
  sharedWithKeys,
  WAITING_FOR_QUOTA,
  waitingNeighbours,
  waitsForQuota,
} from "./wakes.ts";

/** @param admissions shared with all that takes of the same quota */
export function imageController(admissions: Admissions): Controller {
  return defineController<Image, ImageScope>({
    name: "image",
    reconciles: images,
    watches: [
      watch(dataVolumes, (volume, cache) => [
        ...sameName(volume),
        ...(isKept(volume) ? waitingNeighbours(volume, cache) : []),
      ]),
      watch(dataSources, sameName),
      watch(roles, imageOfRole, { labelSelector: MANAGED_SELECTOR }),
      watch(roleBindings, imageOfRole, { labelSelector: MANAGED_SELECTOR }),
      watch(projects, imagesOfProject),
      watch(clouds, imagesToImport),
      // Read, but none of them wakes an Image.
      watch(namespaces, () => []),
      watch(flavors, () => []),
      watch(servers, (server, cache) => [...deletedImageOf(server, cache), ...waitingNeighbours(server, cache)]),
      watch(images, waitingNeighbours),
      watch(virtualMachines, (machine, cache) => (isGone(machine, cache) ? waitingNeighbours(machine, cache) : [])),
    ],
    indexes: [
      index(projects, PROJECT_BY_NAMESPACE, (project) => [namespaceOf(project) ?? ""]),
      index(images, SHARED_WITH, sharedWithKeys),
      index(images, WAITING_FOR_QUOTA, waitsForQuota),
      index(servers, SERVERS_OF_IMAGE, (server) => [keyText(imageOf(server))]),
      index(servers, BUILDING_FROM_IMAGE, (server) => {
        const key = buildingFrom(server);
        return key === undefined ? [] : [keyText(key)];
      }),
    ],
    scope: (context) => imageScope(context, admissions),
    steps: [checkSource, checkQuota, ensureVolume, ensureDataSource, lookAtImporter, measure, ensureSharing, report],
    // Or its owner could keep it public against the administrator, and nobody would take back what nobody gives any more.
    evenPaused: (image, cache) => {
      const { namespace = "" } = image.metadata;
      const own = cache.byIndex(projects, PROJECT_BY_NAMESPACE, namespace)[0];
      const binding = cache.get(roleBindings, { namespace, name: sharingName(image) });
      return isToBeTakenBack(image, decideSharing(image, own, cache.list(projects)), binding);
    },
    cleanup: [awaitBuilders],
    status: imageStatus,
  });
}

async function report(scope: ImageScope): Promise<Outcome> {
  return outcomeOf(scope);
}

/**
 * A Server may have begun to be built a moment before the Image began to go, and not have said so yet. Later ones see
 * that it is going. So the deletion waits this long before it looks.
 */
const LATE_BUILDERS_MS = 3_000;

/** What was made for the Image goes with it, but not before the root disks that are being copied from it are done. */
async function awaitBuilders({ context }: ImageScope): Promise<Outcome> {
  const { object: image, cache, now } = context;
  const building = cache.byIndex(servers, BUILDING_FROM_IMAGE, keyText(keyOfImage(image)));
  if (building.length > 0) {
    const named = shortList(building.map(serverText).toSorted(), 10);
    return waiting(`${named} to be built from it, or to be deleted`);
  }
  const deletedForMs = now.getTime() - Date.parse(image.metadata.deletionTimestamp ?? "");
  // Deletion times are whole seconds.
  if (deletedForMs < LATE_BUILDERS_MS)
    return waiting("Servers that may just be beginning", { pollAfterMs: LATE_BUILDERS_MS });
  return settled();
}
