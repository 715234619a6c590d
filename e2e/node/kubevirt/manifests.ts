import type { Manifest } from "../../cluster/webhooks.ts";
import type { NodeImage } from "../images.ts";
import { guestRegistryHost } from "./guest-registry.ts";

/**
 * An operator's manifests with images that are there: each string that is the name of a part becomes that image's
 * reference. Operators get the images of what they install by their environment.
 */
export function withImages(objects: readonly Manifest[], images: ReadonlyMap<string, NodeImage>): readonly Manifest[] {
  return objects.map((object) =>
    object.kind === "Deployment" ? { ...object, spec: replaced(object["spec"], images) } : object,
  );
}

function replaced(value: unknown, images: ReadonlyMap<string, NodeImage>): unknown {
  if (Array.isArray(value)) return value.map((each) => replaced(each, images));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([field, child]) => {
      // An environment variable has the name of a part in `value`, a container in `image`; `name` is something else.
      const image = field === "image" || field === "value" ? images.get(String(child)) : undefined;
      return [field, image?.reference ?? replaced(child, images)];
    }),
  );
}

/** What a person writes to have KubeVirt; the operator does the rest. */
export const kubeVirtObject = {
  apiVersion: "kubevirt.io/v1",
  kind: "KubeVirt",
  metadata: { name: "kubevirt", namespace: "kubevirt" },
  spec: {
    imagePullPolicy: "IfNotPresent",
    infra: { replicas: 1 },
    configuration: {
      // The node has no /dev/kvm; on two cores it takes as many guests as there is memory for.
      developerConfiguration: { useEmulation: true, cpuAllocationRatio: 50, featureGates: ["Snapshot"] },
      vmRolloutStrategy: "LiveUpdate",
      // Its programs are not published where modules are served, and nothing here uses them.
      virtTemplateDeployment: { enabled: false },
    },
  },
} as const satisfies Manifest;

/** What a person writes to have CDI, and to let it import from a registry in the house that speaks http. */
export const cdiObject = {
  apiVersion: "cdi.kubevirt.io/v1beta1",
  kind: "CDI",
  metadata: { name: "cdi" },
  spec: {
    imagePullPolicy: "IfNotPresent",
    config: {
      featureGates: ["HonorWaitForFirstConsumer"],
      insecureRegistries: [guestRegistryHost],
      // A copy is two pods: where those that write fill a node of two cores, those that read wait for ever, and all for these.
      podResourceRequirements: {
        requests: { cpu: "1m", memory: "60M" },
        limits: { cpu: "750m", memory: "600M" },
      },
    },
  },
} as const satisfies Manifest;

/** CDI knows no StorageClass of this provisioner: what its volumes can do is said here. */
export const storageProfile = {
  apiVersion: "cdi.kubevirt.io/v1beta1",
  kind: "StorageProfile",
  metadata: { name: "local" },
  spec: { claimPropertySets: [{ accessModes: ["ReadWriteOnce"], volumeMode: "Filesystem" }] },
} as const satisfies Manifest;

/** Volumes of every node at once (e2e/tools/containers/provisioner), which disks of guests are of while it is there. */
export const sharedClass = {
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  metadata: { name: "shared", annotations: { "storageclass.kubevirt.io/is-default-virt-class": "true" } },
  provisioner: "nephele.dev/local",
  parameters: { shared: "true" },
  volumeBindingMode: "WaitForFirstConsumer",
  reclaimPolicy: "Delete",
} as const satisfies Manifest;

export const sharedProfile = {
  ...storageProfile,
  metadata: { name: sharedClass.metadata.name },
  spec: { claimPropertySets: [{ accessModes: ["ReadWriteMany"], volumeMode: "Filesystem" }] },
} as const satisfies Manifest;
