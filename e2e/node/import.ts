import type { Ctr } from "./containerd.ts";
import type { NodeImage } from "./images.ts";
import { imagesIn } from "./oci-archive.ts";

/** What containerd's store holds. */
export interface StoredImage {
  readonly reference: string;
  readonly digest: string;
}

/** Reads the table that `ctr images list` prints. */
export function parseImages(table: string): readonly StoredImage[] {
  return table
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [reference, , digest] = line.split(/\s+/);
      return reference && digest ? [{ reference, digest }] : [];
    });
}

/** A tag by content, as images.ts makes it: two of them are two builds of one thing. */
const contentTag = /^[0-9a-f]{12}$/;

/** Names of what the wanted images have replaced: nobody will ask for it again. A tag that is a version replaces none but itself. */
export function outdated(stored: readonly StoredImage[], wanted: readonly StoredImage[]): readonly string[] {
  const replaces = (now: StoredImage, old: StoredImage): boolean => {
    const [nowRepository, nowTag] = split(now.reference);
    const [repository, tag] = split(old.reference);
    if (now.digest === old.digest || nowRepository !== repository) return false;
    return tag === nowTag || (contentTag.test(tag) && contentTag.test(nowTag));
  };
  const old = stored.filter((image) => wanted.some((now) => replaces(now, image)));
  const tags = old.filter(({ reference }) => !wanted.some((now) => now.reference === reference));
  // The container runtime interface keeps a second name for each image, by the digest of its configuration.
  const digests = new Set(old.map(({ digest }) => digest));
  const second = stored.filter(({ reference, digest }) => reference.startsWith("sha256:") && digests.has(digest));
  return [...tags, ...second].map(({ reference }) => reference);
}

function split(reference: string): readonly [repository: string, tag: string] {
  const colon = reference.lastIndexOf(":");
  return [reference.slice(0, colon), reference.slice(colon + 1)];
}

/** Imports what the store does not hold with this very content, removes what they replace, and gives what it imported. */
export async function importImages(ctr: Ctr, images: readonly NodeImage[]): Promise<readonly string[]> {
  const stored = parseImages(await ctr(["images", "list"]));
  const held = new Map(stored.map(({ reference, digest }) => [reference, digest]));
  const wanted: StoredImage[] = [];
  const imported: string[] = [];
  for (const { reference, archive } of images) {
    const digest = (await imagesIn(archive)).get(reference);
    if (digest === undefined) throw new Error(`${archive} holds no image ${reference}`);
    wanted.push({ reference, digest });
    if (held.get(reference) === digest) continue;
    await ctr(["images", "import", "-"], archive);
    imported.push(reference);
  }
  const old = outdated(stored, wanted);
  if (old.length > 0) await ctr(["images", "remove", ...old]);
  return imported;
}
