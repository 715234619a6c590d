import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { cacheRoot } from "../tools/cache.ts";
import { writeProgramImage } from "./oci-archive.ts";

/** An image that pods of the node may name. */
export interface NodeImage {
  /** Its whole name: docker.io/nephele/<name>:<tag>. */
  readonly reference: string;
  /** A tar of an OCI image layout that holds an image of that name. */
  readonly archive: string;
}

/**
 * The image of one static program out of the tools' cache, made if the cache does not hold it. The tag is by the key of
 * the tools, so another build is another image.
 */
export async function programImage(program: string): Promise<NodeImage> {
  const name = basename(program);
  const tools = basename(dirname(dirname(program)));
  const tag = createHash("sha256").update(`${tools}/${name}`).digest("hex").slice(0, 12);
  const image = {
    reference: `docker.io/nephele/${name}:${tag}`,
    archive: join(cacheRoot(), "node", "images", `${name}-${tag}.tar`),
  };
  if (!existsSync(image.archive)) await writeProgramImage(image.archive, { reference: image.reference, program, name });
  return image;
}
