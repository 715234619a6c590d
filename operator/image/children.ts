import { dataSources, dataVolumes, roleBindings, roles } from "#operator/api/foreign.ts";
import type { Image, ImageSource } from "#operator/api/generated/image.ts";
import { boundariesMark } from "#operator/boundaries.ts";
import type { Desired, KubeObject } from "#runtime/api/object.ts";
import { apiVersionOf, controllerReference } from "#runtime/api/resource.ts";

export const ROLE_PREFIX = "nephele:image-source:";

/** Name of the Role and the RoleBinding by which an Image is shared. */
export function sharingName(image: Image): string {
  return `${ROLE_PREFIX}${image.metadata.name}`;
}

function metadataOf(image: Image, name: string): Desired["metadata"] {
  return {
    name,
    namespace: image.metadata.namespace ?? "",
    labels: { "app.kubernetes.io/managed-by": "nephele", "nephele.dev/image": image.metadata.name },
    ownerReferences: [controllerReference(image)],
  };
}

/**
 * The golden volume (cdi.kubevirt.io/v1beta1), named as the Image, which is the name that `virtctl image-upload` is
 * given. It is bound at once, because nothing ever mounts it: with storage that waits for a first consumer it would
 * wait for ever.
 * @param inherited the boundaries of what it is copied from
 */
export function dataVolumeFor(image: Image, inherited: readonly string[]): Desired {
  const { minDisk, source } = image.spec;
  return {
    apiVersion: apiVersionOf(dataVolumes),
    kind: dataVolumes.kind,
    metadata: {
      ...metadataOf(image, image.metadata.name),
      annotations: {
        "cdi.kubevirt.io/storage.bind.immediate.requested": "true",
        // CDI may remove a DataVolume that has done its work; its phase is what we read the Image's state from.
        "cdi.kubevirt.io/storage.deleteAfterCompletion": "false",
        ...boundariesMark(inherited),
      },
    },
    spec: {
      source: cdiSource(source, image.metadata.namespace ?? ""),
      contentType: "kubevirt",
      // A copy of a volume without a size is as large as what it is copied from.
      storage: minDisk === undefined ? {} : { resources: { requests: { storage: minDisk } } },
    },
  };
}

/** The source in CDI's words. The CRD lets exactly one be set. */
function cdiSource(source: ImageSource, namespace: string): unknown {
  if (source.http !== undefined) return { http: { url: source.http.url, checksum: source.http.checksum } };
  if (source.registry !== undefined) return { registry: { url: source.registry.url } };
  if (source.volume !== undefined) return { pvc: { namespace, name: source.volume.name } };
  return { upload: {} };
}

/** What Servers name as the source of their root disks. */
export function dataSourceFor(image: Image): Desired {
  const { name, namespace = "" } = image.metadata;
  return {
    apiVersion: apiVersionOf(dataSources),
    kind: dataSources.kind,
    metadata: metadataOf(image, name),
    spec: { source: { pvc: { name, namespace } } },
  };
}

/** The right to clone this one volume; CDI asks for `create` on `datavolumes/source` where the volume is. */
export function sharingRole(image: Image): Desired {
  return {
    apiVersion: apiVersionOf(roles),
    kind: roles.kind,
    metadata: metadataOf(image, sharingName(image)),
    rules: [
      {
        apiGroups: ["cdi.kubevirt.io"],
        resources: ["datavolumes/source"],
        resourceNames: [image.metadata.name],
        verbs: ["create"],
      },
    ],
  };
}

/**
 * Who has that right: the ServiceAccount `default` of each namespace, because KubeVirt asks for the account of the
 * machine, and ours name none.
 */
export function sharingBinding(image: Image, namespaces: readonly string[]): Desired {
  return {
    apiVersion: apiVersionOf(roleBindings),
    kind: roleBindings.kind,
    metadata: metadataOf(image, sharingName(image)),
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: sharingName(image) },
    subjects: namespaces.toSorted().map((namespace) => ({ kind: "ServiceAccount", name: "default", namespace })),
  };
}

/** Whether an object was made for this very Image. */
export function isOurs(child: KubeObject, image: Image): boolean {
  return child.metadata.ownerReferences?.some((owner) => owner.uid === image.metadata.uid) === true;
}

/** Whether it was made for an Image of the same name that is gone: then it is on its way out. */
export function isOfFormer(child: KubeObject, image: Image): boolean {
  const owners = child.metadata.ownerReferences ?? [];
  return owners.some(
    ({ kind, name, uid }) => kind === image.kind && name === image.metadata.name && uid !== image.metadata.uid,
  );
}
