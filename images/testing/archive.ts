import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { pack } from "tar-stream";
import type { RunConfig } from "../oci-archive.ts";

/** Writes an OCI archive of one layer, as small as the specification allows. */
export async function writeArchive(
  path: string,
  config: RunConfig,
  files: Readonly<Record<string, string | Buffer>>,
): Promise<void> {
  const blobs: Record<string, Buffer> = {};
  const descriptor = (content: Buffer): { digest: string; size: number } => {
    const hex = createHash("sha256").update(content).digest("hex");
    blobs[`blobs/sha256/${hex}`] = content;
    return { digest: `sha256:${hex}`, size: content.length };
  };
  const layer = descriptor(await tar(files));
  const image = descriptor(json({ architecture: "amd64", os: "linux", config }));
  const manifest = descriptor(json({ schemaVersion: 2, config: image, layers: [layer] }));
  const index = json({ schemaVersion: 2, manifests: [manifest] });
  writeFileSync(path, await tar({ ...blobs, "index.json": index }));
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

async function tar(files: Readonly<Record<string, string | Buffer>>): Promise<Buffer> {
  const packing = pack();
  for (const [name, content] of Object.entries(files)) packing.entry({ name }, content);
  packing.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of packing) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
