import { createReadStream, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { extract } from "tar-stream";
import { run } from "./run.ts";

/** The part of an image's configuration that says how it runs (OCI image specification, config.md). */
export interface RunConfig {
  readonly User?: string;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
}

/** A regular file of a layer. */
export interface LayerFile {
  /** Without a leading slash. */
  readonly path: string;
  readonly content: Buffer;
}

/** An image in an OCI archive, as `buildah push oci-archive:` and `docker save` write it. */
export interface OpenedArchive {
  readonly config: RunConfig;
  /** The regular files of all layers, the lowest first; what a higher layer removes is among them. */
  files(): AsyncGenerator<LayerFile>;
  /** The layers' content, in bytes. */
  unpackedBytes(): Promise<number>;
}

interface Descriptor {
  readonly digest: string;
}

/**
 * Unpacks an archive into `folder` and reads what it holds.
 * @throws Error where it is not an OCI archive of one image
 */
export async function openArchive(archive: string, folder: string): Promise<OpenedArchive> {
  mkdirSync(folder, { recursive: true });
  await run("tar", ["-xf", archive, "-C", folder]);
  const index = readJson<{ readonly manifests: readonly Descriptor[] }>(join(folder, "index.json"));
  const [first] = index.manifests;
  if (first === undefined || index.manifests.length !== 1) throw new Error(`${archive} holds not one image`);
  const blob = ({ digest }: Descriptor): string => join(folder, "blobs", ...digest.split(":"));
  const manifest = readJson<{ readonly config: Descriptor; readonly layers: readonly Descriptor[] }>(blob(first));
  const image = readJson<{ readonly config?: RunConfig }>(blob(manifest.config));
  const layers = manifest.layers.map(blob);

  async function* files(): AsyncGenerator<LayerFile> {
    for (const layer of layers) {
      for await (const entry of openLayer(layer).pipe(extract())) {
        if (entry.header.type === "file") yield { path: tidy(entry.header.name), content: await contentOf(entry) };
        else entry.resume();
      }
    }
  }
  async function unpackedBytes(): Promise<number> {
    let sum = 0;
    for await (const { content } of files()) sum += content.length;
    return sum;
  }
  return { config: image.config ?? {}, files, unpackedBytes };
}

/** Layers are tar files, packed by gzip (buildah) or not (docker save). */
function openLayer(path: string): Readable {
  const magic = readFileSync(path).subarray(0, 2);
  const packed = magic[0] === 0x1f && magic[1] === 0x8b;
  return packed ? createReadStream(path).pipe(createGunzip()) : createReadStream(path);
}

async function contentOf(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function tidy(path: string): string {
  return path.replace(/^(\.?\/)+/, "");
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, "utf8")) as T;
}
