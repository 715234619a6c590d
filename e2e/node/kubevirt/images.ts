import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Engine, engine } from "../../../images/engine.ts";
import { capture } from "../../../images/run.ts";
import { type BuiltTools, tools } from "../../tools/build.ts";
import { cacheRoot, contentKey } from "../../tools/cache.ts";
import { withLock } from "../../tools/lock.ts";
import { type ToolModule, type ToolModuleName, toolModules } from "../../tools/modules.ts";
import type { NodeImage } from "../images.ts";

/** A Dockerfile beside this file, each of whose named stages is an image. */
interface ImageFamily {
  /** The folder of the Dockerfile. */
  readonly folder: string;
  /** Where its Go programs come from; none for an image of Debian's packages alone. */
  readonly programs?: {
    readonly tools: ToolModuleName;
    /** The Go module that the programs are of, and those of its files that the Dockerfile copies. */
    readonly module: string;
    readonly files: readonly string[];
  };
  /** The stages, by the names that the operators' manifests (e2e/tools) give their images. */
  readonly targets: readonly string[];
}

const kubevirt: ImageFamily = {
  folder: "kubevirt",
  programs: {
    tools: "kubevirt-node",
    module: "kubevirt.io/kubevirt",
    files: ["qemu.conf", "virtqemud.conf", "qemu", "node-labeller/node-labeller.sh"].map(
      (path) => `cmd/virt-launcher/${path}`,
    ),
  },
  targets: ["kubevirt", "virt-launcher", "virt-handler"],
};

const cdi: ImageFamily = {
  folder: "cdi",
  programs: {
    tools: "cdi-node",
    module: "kubevirt.io/containerized-data-importer",
    files: ["cmd/cdi-cloner/cloner_startup.sh"],
  },
  targets: [
    "cdi-importer",
    "cdi-uploadserver",
    "cdi-cloner",
    "cdi-operator",
    "cdi-controller",
    "cdi-apiserver",
    "cdi-uploadproxy",
  ],
};

const guest: ImageFamily = { folder: "guest", targets: ["guest-images"] };
const registry: ImageFamily = { folder: "guest", targets: ["guest-registry"] };

/** The images that are the parts of KubeVirt or of CDI, by the names that the operators' manifests give them. */
export type PartImages = ReadonlyMap<string, NodeImage>;

/** KubeVirt's, built where the cache does not hold them. `print` gets a line for each that is built. */
export const kubevirtImages = (print: (line: string) => void): Promise<PartImages> => family(kubevirt, print);

/** CDI's; see {@link kubevirtImages}. */
export const cdiImages = (print: (line: string) => void): Promise<PartImages> => family(cdi, print);

/** A web server at port 8080 that has the test guest's disk; see {@link kubevirtImages}. */
export const guestImages = (print: (line: string) => void): Promise<PartImages> => family(guest, print);

/** A registry at port 5000 that has the disks of the test guest and of a Debian; see {@link kubevirtImages}. */
export const guestRegistry = (print: (line: string) => void): Promise<PartImages> => family(registry, print);

async function family(spec: ImageFamily, print: (line: string) => void): Promise<PartImages> {
  const built = spec.programs === undefined ? undefined : await tools(spec.programs.tools, print);
  const source = join(import.meta.dirname, spec.folder);
  // The folder of the tools is named by the key of all that they are made of, the module's version with it.
  const decisive = built === undefined ? [] : [basename(dirname(built.bin)), JSON.stringify(spec.programs)];
  const key = contentKey(source, decisive).slice(0, 12);
  const images = new Map(spec.targets.map((target) => [target, imageOf(target, key)]));
  const missing = [...images].filter(([, { archive }]) => !existsSync(archive));
  if (missing.length > 0) {
    const root = join(cacheRoot(), "images");
    mkdirSync(root, { recursive: true });
    const waiting = (): void => print(`${spec.folder}: other images are being built, waiting`);
    await withLock(root, () => buildAll(spec, built, new Map(missing), print), waiting);
  }
  return images;
}

/** The tag is by content: another build is another image, and takes the place of this one on the node. */
function imageOf(name: string, key: string): NodeImage {
  return {
    reference: `docker.io/nephele/${name}:${key}`,
    archive: join(cacheRoot(), "images", `${name}-${key}`, "image.tar"),
  };
}

async function buildAll(
  spec: ImageFamily,
  built: BuiltTools | undefined,
  images: PartImages,
  print: (line: string) => void,
): Promise<void> {
  const work = mkdtempSync(join(cacheRoot(), "images", "work-"));
  try {
    const context = join(work, "context");
    cpSync(join(import.meta.dirname, spec.folder), context, { recursive: true });
    if (built !== undefined) cpSync(built.bin, join(context, "programs"), { recursive: true });
    for (const file of await moduleFiles(spec)) cpSync(file, join(context, "module", basename(file)));
    const builder = await engine(print);
    for (const [target, image] of images) await build(builder, { context, work, target, image }, print);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function build(
  builder: Engine,
  at: { readonly context: string; readonly work: string; readonly target: string; readonly image: NodeImage },
  print: (line: string) => void,
): Promise<void> {
  const { context, work, target, image } = at;
  const folder = dirname(image.archive);
  if (existsSync(folder)) return;
  const start = performance.now();
  print(`${target}: building its image`);
  const result = join(work, target);
  mkdirSync(result);
  const archive = join(result, basename(image.archive));
  const dockerfile = join(context, "Dockerfile");
  await builder.build({ context, dockerfile, reference: image.reference, args: {}, archive, target });
  renameSync(result, folder);
  print(`${target}: built in ${((performance.now() - start) / 1000).toFixed(0)} s`);
}

/** The wanted files where Go keeps the module, at the version that go.mod names. */
async function moduleFiles({ programs }: ImageFamily): Promise<readonly string[]> {
  if (programs === undefined) return [];
  const module: ToolModule = toolModules[programs.tools];
  const cwd = join(import.meta.dirname, "..", "..", "tools", module.folder ?? module.name);
  const env = { GOFLAGS: "-mod=readonly", GOWORK: "off" };
  const folder = await capture("go", ["list", "-m", "-f", "{{.Dir}}", programs.module], { cwd, env });
  return programs.files.map((file) => join(folder, file));
}

// What `make test` needs: all but the registry, which holds a whole Debian.
if (import.meta.main) {
  const print = (line: string): void => void process.stderr.write(`${line}\n`);
  for (const each of [kubevirt, cdi, guest]) await family(each, print);
}
