import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Owners, times and order that do not depend on who packs: the same files give the same archive. */
const reproducible = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--format=pax"];
const steadyHeaders = "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime";

/** An image of one static program. */
export interface ProgramImage {
  /** The whole name, with its tag. */
  readonly reference: string;
  /** The program's file on this machine; in the image it stands in `/` under its own name. */
  readonly program: string;
  readonly name: string;
}

/** Who a program runs as where the pod does not say: nobody in particular. */
const user = "65532:65532";

/** Writes an image as an OCI archive (OCI image-spec 1.1, image layout in a tar). */
export async function writeProgramImage(path: string, image: ProgramImage): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const work = mkdtempSync(`${path}.`);
  try {
    const layerFolder = join(work, "layer");
    const layout = join(work, "layout");
    mkdirSync(layerFolder);
    mkdirSync(join(layout, "blobs", "sha256"), { recursive: true });
    copyFileSync(image.program, join(layerFolder, image.name));
    const layerFile = join(work, "layer.tar");
    await pack(layerFile, layerFolder);
    const layer = addBlob(layout, readFileSync(layerFile));
    const config = addBlob(layout, {
      architecture: process.arch === "arm64" ? "arm64" : "amd64",
      os: "linux",
      config: { Entrypoint: [`/${image.name}`], User: user },
      rootfs: { type: "layers", diff_ids: [layer.digest] },
    });
    const manifest = addBlob(layout, {
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config },
      layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar", ...layer }],
    });
    const entry = { mediaType: "application/vnd.oci.image.manifest.v1+json", ...manifest };
    const annotations = {
      "io.containerd.image.name": image.reference,
      "org.opencontainers.image.ref.name": image.reference,
    };
    writeFileSync(
      join(layout, "index.json"),
      JSON.stringify({ schemaVersion: 2, manifests: [{ ...entry, annotations }] }),
    );
    writeFileSync(join(layout, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
    const archive = join(work, "archive.tar");
    await pack(archive, layout);
    renameSync(archive, path);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The digest of each image in an OCI archive, by its reference. */
export async function imagesIn(archive: string): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await run("tar", ["--extract", "--to-stdout", `--file=${archive}`, "--wildcards", "*index.json"]);
  const { manifests } = JSON.parse(stdout) as {
    readonly manifests: readonly { readonly digest: string; readonly annotations?: Readonly<Record<string, string>> }[];
  };
  return new Map(
    manifests.map(({ digest, annotations = {} }) => [
      annotations["io.containerd.image.name"] ?? annotations["org.opencontainers.image.ref.name"] ?? "",
      digest,
    ]),
  );
}

async function pack(archive: string, folder: string): Promise<void> {
  await run("tar", ["--create", `--file=${archive}`, ...reproducible, steadyHeaders, `--directory=${folder}`, "."]);
}

function addBlob(layout: string, content: Buffer | object): { readonly digest: string; readonly size: number } {
  const bytes = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
  const hash = createHash("sha256").update(bytes).digest("hex");
  const path = join(layout, "blobs", "sha256", hash);
  writeFileSync(path, bytes);
  return { digest: `sha256:${hash}`, size: statSync(path).size };
}
