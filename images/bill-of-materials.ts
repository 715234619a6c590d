import { type GoModule, goModulesOf } from "./go-modules.ts";
import type { OpenedArchive } from "./oci-archive.ts";

/** A package in an image (CycloneDX 1.6, component). */
export interface Component {
  readonly type: "library";
  readonly name: string;
  readonly version: string;
  /** Package URL (purl-spec). */
  readonly purl: string;
}

/** What an image is made of, as CycloneDX 1.6 in JSON (ECMA-424). */
export interface BillOfMaterials {
  readonly bomFormat: "CycloneDX";
  readonly specVersion: "1.6";
  readonly version: 1;
  readonly metadata: { readonly component: { readonly type: "container"; readonly name: string } };
  readonly components: readonly Component[];
}

/** How each kind of package says its name and version, and where. */
const readers: readonly {
  readonly path: RegExp;
  readonly read: (text: string) => Component | undefined;
}[] = [
  { path: /^var\/lib\/dpkg\/status\.d\/[^/]+$/, read: debian },
  { path: /\/site-packages\/[^/]+\.dist-info\/METADATA$/, read: python },
  { path: /\/node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/, read: npm },
];

/** Reads the packages out of the image itself: Debian's, Python's, npm's, and the modules of Go's programs. */
export async function billOfMaterials(image: OpenedArchive, reference: string): Promise<BillOfMaterials> {
  const components = new Map<string, Component>();
  for await (const { path, content } of image.files()) {
    const found = readers.find((reader) => reader.path.test(path))?.read(content.toString("utf8"));
    for (const component of found === undefined ? goModulesOf(content).map(goModule) : [found])
      components.set(component.purl, component);
  }
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: { component: { type: "container", name: reference } },
    components: [...components.values()].sort((a, b) => (a.purl < b.purl ? -1 : 1)),
  };
}

function debian(text: string): Component | undefined {
  const { name, version } = fields(text, "Package");
  const architecture = /^Architecture: (.+)$/m.exec(text)?.[1];
  if (name === undefined || version === undefined) return undefined;
  const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${architecture ?? "all"}`;
  return { type: "library", name, version, purl };
}

function python(text: string): Component | undefined {
  const { name, version } = fields(text, "Name");
  if (name === undefined || version === undefined) return undefined;
  const normal = name.toLowerCase().replace(/[-_.]+/g, "-");
  return { type: "library", name, version, purl: `pkg:pypi/${normal}@${encodeURIComponent(version)}` };
}

/** A package.json without a version is a folder's own setting (`{"type": "module"}`), not a package. */
function npm(text: string): Component | undefined {
  const { name, version } = JSON.parse(text) as { readonly name?: string; readonly version?: string };
  if (name === undefined || version === undefined) return undefined;
  const path = name.split("/").map(encodeURIComponent).join("/");
  return { type: "library", name, version, purl: `pkg:npm/${path}@${encodeURIComponent(version)}` };
}

function goModule({ path, version }: GoModule): Component {
  const purl = `pkg:golang/${path.split("/").map(encodeURIComponent).join("/")}@${encodeURIComponent(version)}`;
  return { type: "library", name: path, version, purl };
}

function fields(text: string, nameField: string): { readonly name?: string; readonly version?: string } {
  const name = new RegExp(`^${nameField}: (.+)$`, "m").exec(text)?.[1]?.trim();
  const version = /^Version: (.+)$/m.exec(text)?.[1]?.trim();
  return { ...(name === undefined ? {} : { name }), ...(version === undefined ? {} : { version }) };
}
