import { defineResource, type MetadataOnly } from "#runtime/api/resource.ts";

/** Watched as metadata: their names say which APIs the cluster serves. */
export const customResourceDefinitions = defineResource<MetadataOnly>({
  group: "apiextensions.k8s.io",
  version: "v1",
  plural: "customresourcedefinitions",
  kind: "CustomResourceDefinition",
  namespaced: false,
});
