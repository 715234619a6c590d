import { isOverQuota } from "#operator/amounts.ts";
import type { Cloud } from "#operator/api/generated/cloud.ts";
import type { Image } from "#operator/api/generated/image.ts";
import type { Project } from "#operator/api/generated/project.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { images } from "#operator/api/resources.ts";
import { type KubeObject, keyText, type ObjectKey } from "#runtime/api/object.ts";
import type { CacheReader } from "#runtime/watch/cache.ts";
import { ROLE_PREFIX } from "./children.ts";

/** From a namespace to the Project that has taken it. */
export const PROJECT_BY_NAMESPACE = "image:project-by-namespace";
/** From an Image to the Servers that name it. */
export const SERVERS_OF_IMAGE = "image:servers";
/** From an Image to the Servers whose root disk is being copied from it. */
export const BUILDING_FROM_IMAGE = "image:building";
/** From the name of a Project to the Images shared with it; public Images are under `*`. */
export const SHARED_WITH = "image:shared-with";
/** From a namespace to the Images in it that wait for quota. */
export const WAITING_FOR_QUOTA = "image:waiting-for-quota";
const EVERYBODY = "*";

export function keyOfImage(image: Image): ObjectKey {
  return { namespace: image.metadata.namespace ?? "", name: image.metadata.name };
}

/** The Image that a Server names. */
export function imageOf(server: Server): ObjectKey {
  const { name, namespace } = server.spec.imageRef;
  return { namespace: namespace ?? server.metadata.namespace ?? "", name };
}

/** The Image that the Server's root disk is being copied from now; undefined when that is done or not begun. */
export function buildingFrom(server: Server): ObjectKey | undefined {
  const { image, rootDisk } = server.status ?? {};
  return image !== undefined && rootDisk?.ready === false
    ? { namespace: image.namespace, name: image.name }
    : undefined;
}

export function sharedWithKeys(image: Image): readonly string[] {
  if (image.spec.visibility === "Public") return [EVERYBODY];
  return image.spec.visibility === "Shared" ? (image.spec.sharedWith ?? []) : [];
}

/**
 * A Project that comes, goes or changes may be one that an Image is shared with, the one that publishes it, or the one whose
 * Cloud says where it may be imported from.
 */
export function imagesOfProject(project: Project, cache: CacheReader): readonly ObjectKey[] {
  const shared = [EVERYBODY, project.metadata.name].flatMap((key) => cache.byIndex(images, SHARED_WITH, key));
  const namespace = project.status?.namespace;
  const own = namespace === undefined ? [] : cache.list(images, namespace).filter(isToBeImported);
  return [...shared, ...own].map(keyOfImage);
}

/** A Cloud that changes may let an Image be imported that it did not. */
export function imagesToImport(_cloud: Cloud, cache: CacheReader): readonly ObjectKey[] {
  return cache.list(images).filter(isToBeImported).map(keyOfImage);
}

function isToBeImported({ status }: Image): boolean {
  return status?.volume === undefined;
}

export function waitsForQuota(image: Image): readonly string[] {
  return isOverQuota(image) ? [image.metadata.namespace ?? ""] : [];
}

/** What changes in the namespace or goes may leave room for those that wait for it. */
export function waitingNeighbours({ metadata }: KubeObject, cache: CacheReader): readonly ObjectKey[] {
  return cache.byIndex(images, WAITING_FOR_QUOTA, metadata.namespace ?? "").map(keyOfImage);
}

/** DataVolumes and DataSources carry the Image's name. */
export function sameName({ metadata }: KubeObject): readonly ObjectKey[] {
  return [{ namespace: metadata.namespace ?? "", name: metadata.name }];
}

export function imageOfRole({ metadata }: KubeObject): readonly ObjectKey[] {
  if (!metadata.name.startsWith(ROLE_PREFIX)) return [];
  return [{ namespace: metadata.namespace ?? "", name: metadata.name.slice(ROLE_PREFIX.length) }];
}

/** Servers wake an Image only when it waits for them in order to go: counting them is done by time. */
export function deletedImageOf(server: Server, cache: CacheReader): readonly ObjectKey[] {
  const key = buildingFrom(server);
  return key === undefined || cache.get(images, key)?.metadata.deletionTimestamp === undefined ? [] : [key];
}

export function serverText(server: Server): string {
  return `Server ${keyText({ namespace: server.metadata.namespace ?? "", name: server.metadata.name })}`;
}
