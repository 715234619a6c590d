import { expect, test } from "vitest";
import type { Image } from "#operator/api/generated/image.ts";
import { NOTHING } from "./amounts.ts";
import { imageVerdicts } from "./quota.ts";

/** An Image of so many Gi; those with a volume are there already. */
function image(name: string, size: number, more: { readonly at?: number; readonly volume?: boolean } = {}): Image {
  const creationTimestamp = `2026-11-23T10:00:0${more.at ?? 0}Z`;
  return {
    metadata: { name, uid: name, creationTimestamp },
    spec: { minDisk: `${size}Gi` },
    ...(more.volume === true ? { status: { volume: name } } : {}),
  } as unknown as Image;
}

/** Names of those that are told that they fit, and what the others are told. */
function told(images: readonly Image[], storage: string, servers = 0n): object {
  const before = { ...NOTHING, servers: 9, storage: servers * 2n ** 30n };
  const verdicts = imageVerdicts(images, { servers: 1, storage }, before, ({ status }) => status?.volume !== undefined);
  return Object.fromEntries(
    [...verdicts].map(([name, verdict]) => [name, verdict.kind === "fits" ? "fits" : verdict.what]),
  );
}

test("Images fit in the order in which they were made, beside what is there, and a smaller one after one that does not", () => {
  const there = image("there", 2, { volume: true });
  const all = [image("c", 1), image("a", 1, { at: 1 }), image("b", 4), there];
  expect(told(all, "5Gi", 1n)).toEqual({ a: "fits", b: "storage (4Gi wanted, 3Gi of 5Gi taken)", c: "fits" });
  expect(told(all.toReversed(), "4Gi", 1n)).toMatchObject({
    c: expect.stringContaining("fits"),
    a: expect.stringMatching(/^storage/),
  });
});

test("what has no limit, or is exceeded by Servers alone, holds no Image", () => {
  expect(told([image("a", 100)], "100Gi")).toEqual({ a: "fits" });
});
