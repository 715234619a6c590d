import { expect, test } from "vitest";
import { type DataVolume, dataVolumes } from "#operator/api/foreign.ts";
import type { Image } from "#operator/api/generated/image.ts";
import { images, servers } from "#operator/api/resources.ts";
import type { KubeObject, ObjectKey } from "#runtime/api/object.ts";
import type { Resource } from "#runtime/api/resource.ts";
import type { CacheReader } from "#runtime/watch/cache.ts";
import { quotaContents } from "./quota-contents.ts";

const meta = (name: string, annotations = {}) => ({ metadata: { namespace: "team-a", name, annotations } });

/** A DataVolume that asks for so much, or leaves that to CDI. */
function volume(name: string, storage?: string, annotations = {}): DataVolume {
  const resources = storage === undefined ? {} : { requests: { storage } };
  return { ...meta(name, annotations), spec: { storage: { resources } } } as unknown as DataVolume;
}

const imageOf = (name: string, spec: object, status: Image["status"] = {}): Image =>
  ({ ...meta(name), spec, status }) as unknown as Image;
const copyOf = (origin: string, spec: object = {}, status: Image["status"] = {}): Image =>
  imageOf("copy", { source: { volume: { name: origin } }, ...spec }, status);
const serverWith = (disk: string, size: string) => ({
  ...meta("web-1"),
  status: { rootDisk: { generation: 1, volume: disk, size } },
});

/** What a copy is counted as beside these. */
function counted(copy: Image, there: ReadonlyMap<Resource, readonly unknown[]>): string | undefined {
  const all = (resource: Resource) => (there.get(resource) ?? []) as readonly KubeObject[];
  const cache = {
    get: (resource: Resource, { name }: ObjectKey) => all(resource).find(({ metadata }) => metadata.name === name),
    list: (resource: Resource) => (resource === (images as Resource) ? [...all(resource), copy] : all(resource)),
  } as unknown as CacheReader;
  return quotaContents("team-a", cache).images.at(-1)?.status?.size;
}

const holding = (...kinds: readonly (readonly [unknown, unknown])[]) =>
  new Map(kinds.map(([resource, object]) => [resource as Resource, [object]]));

test.each([
  ["a volume as it was made", holding([dataVolumes, volume("disk", "3Gi")]), "3Gi"],
  [
    "a kept disk that had grown",
    holding([dataVolumes, volume("disk", "1Gi", { "nephele.dev/disk-size": "90Gi" })]),
    "90Gi",
  ],
  [
    "a Server's disk that has grown",
    holding([dataVolumes, volume("disk", "1Gi")], [servers, serverWith("disk", "90Gi")]),
    "90Gi",
  ],
  [
    "a disk that is not the Server's beside it",
    holding([dataVolumes, volume("disk", "1Gi")], [servers, serverWith("other", "90Gi")]),
    "1Gi",
  ],
  [
    "an Image's own copy, whose DataVolume was told no size",
    holding([dataVolumes, volume("disk")], [images, imageOf("disk", { source: {} }, { virtualSize: "4Gi" })]),
    "4Gi",
  ],
  ["a claim that nobody made a DataVolume for", holding(), undefined],
])("a copy of %s is counted so before it is there", (_, there, size) => {
  expect(counted(copyOf("disk"), there)).toBe(size);
});

test("a copy that is told a size, or has one, is counted by that", () => {
  const there = holding([dataVolumes, volume("disk", "1Gi", { "nephele.dev/disk-size": "90Gi" })]);
  expect(counted(copyOf("disk", { minDisk: "100Gi" }), there)).toBeUndefined();
  expect(counted(copyOf("disk", {}, { size: "95Gi" }), there)).toBe("95Gi");
});
