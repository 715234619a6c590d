import { describe, expect, test } from "vitest";
import { outdated, parseImages } from "./import.ts";

const type = "application/vnd.oci.image.manifest.v1+json";
const table = `REF                                TYPE    DIGEST     SIZE    PLATFORMS   LABELS
docker.io/nephele/dns:aaaaaaaaaaaa ${type} sha256:aa  1.2 MiB linux/amd64 -
docker.io/nephele/dns:bbbbbbbbbbbb ${type} sha256:bb  1.2 MiB linux/amd64 io.cri-containerd.image=managed
sha256:0123                        ${type} sha256:bb  1.2 MiB linux/amd64 -
docker.io/nephele/keystone:2026.1  ${type} sha256:cc  1.2 MiB linux/amd64 -
sha256:4567                        ${type} sha256:cc  1.2 MiB linux/amd64 -
`;
const stored = parseImages(table);

describe("images in the store", () => {
  test("are read from ctr's table", () => {
    expect(stored.map(({ reference, digest }) => `${reference} ${digest}`)).toEqual([
      "docker.io/nephele/dns:aaaaaaaaaaaa sha256:aa",
      "docker.io/nephele/dns:bbbbbbbbbbbb sha256:bb",
      "sha256:0123 sha256:bb",
      "docker.io/nephele/keystone:2026.1 sha256:cc",
      "sha256:4567 sha256:cc",
    ]);
  });

  test.each([
    [
      "another build under a tag by content, by all its names",
      "dns:aaaaaaaaaaaa",
      "sha256:aa",
      ["docker.io/nephele/dns:bbbbbbbbbbbb", "sha256:0123"],
    ],
    [
      "an older build under the same version, whose name has gone to the new one",
      "keystone:2026.1",
      "sha256:dd",
      ["sha256:4567"],
    ],
    ["nothing where another version is wanted", "keystone:2026.2", "sha256:dd", []],
    ["nothing where the wanted is what is there", "keystone:2026.1", "sha256:cc", []],
  ])("replaced: %s", (_, name, digest, expected) => {
    expect(outdated(stored, [{ reference: `docker.io/nephele/${name}`, digest }])).toEqual(expected);
  });
});
