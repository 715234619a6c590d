// Marks that more than one kind's controller writes or reads; crds/README.md says who may set them.

/** Label of core Secrets that we made: no object may name one as its source (crds/policies/managed-secrets.yaml). */
export const MANAGED_BY_LABEL = "nephele.dev/managed-by";
/** Its value where the operator made them. */
export const BY_OPERATOR = "nephele-operator";

/** Label of all that we make in namespaces. */
export const MANAGED_BY = { "app.kubernetes.io/managed-by": "nephele" } as const;
/** Selects all that we make in namespaces. Every controller that watches such kinds uses this selector. */
export const MANAGED_SELECTOR = "app.kubernetes.io/managed-by=nephele";

/** Annotation: any new value has the object compared with what is outside at once, for who does not want to wait. */
export const COMPARE_AT = "nephele.dev/compare-at";

/** Annotation of a machine's template and so of each instance: the Flavor with which it was started. */
export const FLAVOR_ANNOTATION = "nephele.dev/flavor";

/** Label of everything that is made for a Server, and of its launcher pod; the value is the Server's name. */
export const SERVER_LABEL = "nephele.dev/server";

/** Annotation of a machine that names no owner: the UID of its Server. */
export const SERVER_UID_ANNOTATION = "nephele.dev/server-uid";

/** Label of a root disk that was kept: the Server that it was of. */
export const RETAINED_FROM_LABEL = "nephele.dev/retained-from";

/** Annotation of a root disk that was kept: the size that it had grown to, of which its DataVolume's spec says nothing. */
export const DISK_SIZE_ANNOTATION = "nephele.dev/disk-size";

/** A node has a trait by this label and the trait's name, with the value "true". */
export const TRAIT_LABEL_PREFIX = "trait.nephele.dev/";

/**
 * A node is within a boundary by this label and the boundary's name, with the value "true". A kubelet may not give its own
 * node a label below node-restriction.kubernetes.io (NodeRestriction): only the cluster's administrator says where it is.
 */
export const BOUNDARY_LABEL_PREFIX = "boundary.node-restriction.kubernetes.io/";

/**
 * Annotation of a volume's DataVolume, and by CDI of its claim: the boundaries, with commas, that what is on it came with.
 * A copy keeps them whatever the Image says that is made of it.
 */
export const BOUNDARIES_ANNOTATION = "nephele.dev/boundaries";
