import type { LimitRangeSpec } from "kubernetes-types/core/v1.d.ts";
import type { KubeObject } from "#runtime/api/object.ts";
import { defineResource } from "#runtime/api/resource.ts";

export type LimitRange = KubeObject<LimitRangeSpec>;
export const limitRanges = defineResource<LimitRange>({
  group: "",
  version: "v1",
  plural: "limitranges",
  kind: "LimitRange",
  namespaced: true,
});
