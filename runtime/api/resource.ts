import type { KubeObject, ObjectMeta, OwnerReference } from "./object.ts";

/** Where a kind is served. `T` is the type of its objects; it exists for the type checker only. */
export interface Resource<T extends KubeObject = KubeObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly object?: T;
}

export function defineResource<T extends KubeObject>(resource: Omit<Resource<T>, "object">): Resource<T> {
  return resource;
}

/** An object of which only the metadata is watched, as PartialObjectMetadata. */
export interface MetadataOnly extends KubeObject {
  readonly metadata: ObjectMeta;
}

export function apiVersionOf(resource: Resource): string {
  return resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
}

/** `servers.nephele.dev`, `secrets`: how kubectl and RBAC name a kind; unique among kinds. */
export function resourceName(resource: Resource): string {
  return resource.group === "" ? resource.plural : `${resource.plural}.${resource.group}`;
}

/**
 * The path of a kind's collection or of one object below the API server's root.
 * A namespaced kind without a namespace names the collection of all namespaces.
 */
export function resourcePath(resource: Resource, namespace?: string, name?: string, subresource?: string): string {
  const root = resource.group === "" ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const scope = resource.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  const object = name === undefined ? "" : `/${encodeURIComponent(name)}`;
  const sub = subresource === undefined ? "" : `/${subresource}`;
  return `${root}${scope}/${resource.plural}${object}${sub}`;
}

/** A reference that makes `owner` the controller of the object that carries it, so that it is collected with it. */
export function controllerReference(owner: KubeObject): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}
