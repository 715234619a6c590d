import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { type BuiltTools, tools } from "../e2e/tools/build.ts";
import { cacheRoot, contentKey } from "../e2e/tools/cache.ts";
import { withLock } from "../e2e/tools/lock.ts";
import { billOfMaterials } from "./bill-of-materials.ts";
import { type Engine, engine } from "./engine.ts";
import { faultsOf } from "./image-faults.ts";
import { belongsInImage, checkout, chooseImages, type ImageSpec, referenceOf } from "./images.ts";
import { machineFiles } from "./machine-files.ts";
import { addNode } from "./node-packages.ts";
import { openArchive } from "./oci-archive.ts";

/** An image that is in the cache. */
export interface BuiltImage {
  readonly name: string;
  /** `docker.io/nephele/<name>:<tag>`, the name that the archive gives it. */
  readonly reference: string;
  /** Absolute path of an OCI archive, to import into a node's containerd or to `docker load`. */
  readonly archive: string;
  /** 16 hexadecimal digits over all that the image is made of: another key is another image under the same reference. */
  readonly key: string;
}

/**
 * The images that `names` mean (see {@link chooseImages}), built where the cache does not hold them. `print` gets a line
 * for each that is built; a hit says nothing.
 */
export async function images(names: readonly string[], print: (line: string) => void): Promise<readonly BuiltImage[]> {
  const built: BuiltImage[] = [];
  for (const spec of chooseImages(names)) built.push(await image(spec, print));
  return built;
}

async function image(spec: ImageSpec, print: (line: string) => void): Promise<BuiltImage> {
  const root = join(cacheRoot(), "images");
  mkdirSync(root, { recursive: true });
  const work = mkdtempSync(join(root, "work-"));
  try {
    const context = join(work, "context");
    copyInputs(spec, context);
    if (spec.needsNode) await addEnvoyDescriptors(context, print);
    const programs = spec.programs === undefined ? undefined : await tools(spec.programs.module, print);
    // The folder of the tools is named by the key of all that they are made of.
    const made = programs === undefined ? [] : [basename(dirname(programs.bin))];
    const key = contentKey(context, [JSON.stringify(spec.args), process.arch, ...made]);
    const folder = join(root, `${spec.name}-${spec.tag}-${key}`);
    if (!existsSync(folder)) {
      const waiting = (): void => print(`${spec.name}:${spec.tag}: other images are being built, waiting`);
      await withLock(
        root,
        async () => {
          if (!existsSync(folder)) await buildInto(spec, { context, work, folder, programs }, print);
        },
        waiting,
      );
    }
    return { name: spec.name, reference: referenceOf(spec), archive: join(folder, "image.tar"), key };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function buildInto(
  spec: ImageSpec,
  at: {
    readonly context: string;
    readonly work: string;
    readonly folder: string;
    readonly programs: BuiltTools | undefined;
  },
  print: (line: string) => void,
): Promise<void> {
  const title = `${spec.name}:${spec.tag}`;
  const start = performance.now();
  print(`${title}: building`);
  const result = join(at.work, "result");
  mkdirSync(result);
  if (spec.needsNode) await addNode(at.context);
  for (const name of spec.programs?.names ?? [])
    cpSync(join(at.programs?.bin ?? "", name), join(at.context, "programs", name));
  const builder: Engine = await engine(print);
  const archive = join(result, "image.tar");
  await builder.build({
    context: at.context,
    dockerfile: join(at.context, "images", spec.name, "Dockerfile"),
    reference: referenceOf(spec),
    args: spec.args,
    archive,
  });
  const opened = await openArchive(archive, join(at.work, "opened"));
  const faults = await faultsOf(opened, machineFiles());
  if (faults.length > 0) throw new Error(`${title} is not fit to be used:\n  ${faults.join("\n  ")}`);
  const bill = await billOfMaterials(opened, referenceOf(spec));
  writeFileSync(join(result, "sbom.cdx.json"), `${JSON.stringify(bill, undefined, 2)}\n`);
  renameSync(result, at.folder);
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  const packed = megabytes(statSync(join(at.folder, "image.tar")).size);
  const packages = `${bill.components.length} packages in ${join(at.folder, "sbom.cdx.json")}`;
  print(
    `${title}: built in ${seconds} s, ${packed} (${megabytes(await opened.unpackedBytes())} unpacked), ${packages}`,
  );
}

/** The descriptors of Envoy's API are made, not committed: the control plane reads them at its start. */
async function addEnvoyDescriptors(context: string, print: (line: string) => void): Promise<void> {
  const { manifests } = await tools("envoy-protos", print);
  const target = join(context, "xds-control-plane/proto/generated/envoy.binpb");
  mkdirSync(dirname(target), { recursive: true });
  cpSync(join(manifests, "envoy.binpb"), target);
}

/** Copies the files that the image is made of to where they are in the checkout, below `context`. */
function copyInputs(spec: ImageSpec, context: string): void {
  for (const input of spec.inputs) {
    const target = join(context, input);
    mkdirSync(dirname(target), { recursive: true });
    cpSync(join(checkout, input), target, {
      recursive: true,
      filter: (source) => belongsInImage(relative(checkout, source)),
    });
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

if (import.meta.main) {
  try {
    const names = process.argv.slice(2);
    if (names.length === 0) throw new Error("usage: node images/build.ts NAME[:TAG]…|all");
    for (const built of await images(names, (line) => process.stderr.write(`${line}\n`))) {
      process.stdout.write(`${built.reference} ${built.archive}\n`);
    }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
