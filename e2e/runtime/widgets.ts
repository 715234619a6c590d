import { unique } from "#e2e/harness/bed.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { type KubeObject, keyOf } from "#runtime/api/object.ts";
import { defineResource, type Resource, resourceName } from "#runtime/api/resource.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";
import type { CommonStatus } from "#runtime/controller/status.ts";

/** Kinds for tests of the runtime alone; they mean nothing. */
export interface WidgetSpec {
  readonly size?: number;
  /** A Part of the same namespace. */
  readonly part?: string;
}

export type Widget = KubeObject<WidgetSpec, CommonStatus & { readonly seenSize?: number }>;
export type Part = KubeObject<{ readonly usable?: boolean }, CommonStatus>;
export type ConfigMap = KubeObject & { readonly data?: Readonly<Record<string, string>> };

/** A group of this run's own: the managers of another run that uses the same cluster do not see its objects. */
const group = `${unique("runtime")}.nephele.dev`;
export const apiVersion = `${group}/v1`;
export const widgets: Resource<Widget> = defineResource({
  group,
  version: "v1",
  plural: "widgets",
  kind: "Widget",
  namespaced: true,
});
export const parts: Resource<Part> = defineResource({
  group,
  version: "v1",
  plural: "parts",
  kind: "Part",
  namespaced: true,
});
/** Like Widgets, but for a test to install. */
export const gadgets: Resource<Widget> = defineResource({
  group,
  version: "v1",
  plural: "gadgets",
  kind: "Gadget",
  namespaced: true,
});
export const configMaps: Resource<ConfigMap> = defineResource({
  group: "",
  version: "v1",
  plural: "configmaps",
  kind: "ConfigMap",
  namespaced: true,
});
export const namespaces: Resource = defineResource({
  group: "",
  version: "v1",
  plural: "namespaces",
  kind: "Namespace",
  namespaced: false,
});
const crds: Resource = defineResource({
  group: "apiextensions.k8s.io",
  version: "v1",
  plural: "customresourcedefinitions",
  kind: "CustomResourceDefinition",
  namespaced: false,
});

/** Installs the test kinds and waits until they are served. */
export async function installWidgets(kube: KubeClient): Promise<void> {
  for (const resource of [widgets, parts] as readonly Resource[]) await installKind(kube, resource);
}

/** Installs one kind of the group and waits until it is served. */
export async function installKind(kube: KubeClient, resource: Resource): Promise<void> {
  const anything = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  const schema = { openAPIV3Schema: { type: "object", properties: { spec: anything, status: anything } } };
  await kube.apply(
    crds,
    {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: resourceName(resource) },
      spec: {
        group,
        scope: "Namespaced",
        names: { plural: resource.plural, kind: resource.kind },
        versions: [{ name: "v1", served: true, storage: true, subresources: { status: {} }, schema }],
      },
    },
    { fieldOwner: "nephele-tests", force: true },
  );
  await eventually(`${resource.plural} to be served`, async () => (await kube.list(resource)) !== undefined);
}

/** Removes the test kinds, and with them all their objects; nobody is left to take their finalizers away. */
export async function removeWidgets(kube: KubeClient): Promise<void> {
  for (const resource of [widgets, parts] as readonly Resource[]) {
    for (const object of await kube.list(resource)) {
      await kube.mergePatch(resource, keyOf(object), { metadata: { finalizers: null } });
    }
    await removeKind(kube, resource);
  }
}

export async function removeKind(kube: KubeClient, resource: Resource): Promise<void> {
  await kube.delete(crds, { name: resourceName(resource) });
}

export function makeWidget(kube: KubeClient, namespace: string, name: string, spec: WidgetSpec): Promise<Widget> {
  return kube.create(widgets, { apiVersion, kind: "Widget", metadata: { name, namespace }, spec });
}

export function makePart(kube: KubeClient, namespace: string, name: string, usable = true): Promise<Part> {
  return kube.create(parts, {
    apiVersion,
    kind: "Part",
    metadata: { name, namespace },
    spec: { usable },
  });
}

export async function makeNamespace(kube: KubeClient, name: string): Promise<void> {
  await kube.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
}
