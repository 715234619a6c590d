import { expect, test } from "vitest";
import { dataVolumes, persistentVolumeClaims } from "#operator/api/foreign.ts";
import { images } from "#operator/api/resources.ts";
import { markedBoundaries } from "#operator/boundaries.ts";
import type { Desired, KubeObject, ObjectKey } from "#runtime/api/object.ts";
import type { Resource } from "#runtime/api/resource.ts";
import type { ImageScope } from "../scope.ts";
import { ensureVolume } from "./volume.ts";

const marked = (boundaries?: string) => ({
  metadata: { annotations: boundaries === undefined ? {} : { "nephele.dev/boundaries": boundaries } },
});

/** What a copy of the volume `disk` is marked with, where these are there. */
async function inherited(there: ReadonlyMap<unknown, object>): Promise<readonly string[]> {
  const named = (resource: Resource, { name }: ObjectKey) => (name === "disk" ? there.get(resource) : undefined);
  let made: Desired | undefined;
  const kube = {
    get: async (resource: Resource, key: ObjectKey) => named(resource, key),
    apply: async (_resource: Resource, desired: Desired) => {
      made = desired;
    },
  };
  const object = {
    metadata: { namespace: "team-a", name: "copy", uid: "u" },
    spec: { source: { volume: { name: "disk" } } },
  };
  const context = { object, kube, cache: { get: named }, fieldOwner: String };
  await ensureVolume({ context, volume: undefined } as unknown as ImageScope);
  return markedBoundaries(made as unknown as KubeObject);
}

const claim = (boundaries?: string) => [persistentVolumeClaims, marked(boundaries)] as const;
const volume = (boundaries?: string) => [dataVolumes, marked(boundaries)] as const;

test.each([
  ["what both are marked with", [claim("cage"), volume("cage")], ["cage"]],
  ["what its DataVolume is marked with, where somebody took the claim's mark", [claim(), volume("cage")], ["cage"]],
  ["what it is marked with, where it has no DataVolume", [claim("cage")], ["cage"]],
  ["what its Image says", [claim(), volume(), [images, { spec: { boundaries: ["cage"] } }]], ["cage"]],
  ["nothing, where nothing is said", [claim(), volume()], []],
] as const)("a copy of a claim is kept within %s", async (_, there, within) => {
  expect(await inherited(new Map<unknown, object>(there))).toEqual(within);
});
