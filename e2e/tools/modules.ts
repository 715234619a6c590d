import type { SystemNeed } from "./debian.ts";

/** A Go module under e2e/tools and how it is built. */
export interface ToolModule {
  /** Its name in the cache, and the module's folder under e2e/tools where `folder` names no other. */
  readonly name: string;
  /** The folder of the Go module, where several builds are made of one. */
  readonly folder?: string;
  /** What is built static: packages of the module, and `tool` for those that its go.mod names as tools. */
  readonly packages: readonly string[];
  /** Build tags of what is static. */
  readonly tags?: readonly string[];
  /** Values set by the linker, as import path with variable → value: mostly the version that a program reports. */
  readonly linked: Readonly<Record<string, string>>;
  /** What is built with C libraries, by a build of its own; everything else is static. */
  readonly withC?: {
    readonly packages: readonly string[];
    readonly tags: readonly string[];
    readonly needs: readonly SystemNeed[];
  };
  /** Whether the module has a program `manifests` that writes files (objects to apply, descriptors); it runs once, when it was built. */
  readonly writesManifests: boolean;
  /** What a first build takes on two cores, to tell a person who waits. */
  readonly coldBuild: string;
}

/** The version that go.mod pins; kubectl and the API server report it. */
const kubernetesVersion = "v1.37.2";

const kubernetesBuildInfo = {
  gitVersion: kubernetesVersion,
  gitMajor: "1",
  gitMinor: "37",
  gitTreeState: "clean",
  gitCommit: "unknown",
  buildDate: "1970-01-01T00:00:00Z",
};

/** The version of SPIRE that go.mod pins. */
export const spireVersion = "1.15.3";

const kubevirtBuildInfo = { "kubevirt.io/client-go/version.gitVersion": "v1.9.0" };

/** Every module, in the order in which a first start needs them. */
export const toolModules = {
  kubernetes: {
    name: "kubernetes",
    packages: ["tool", "./etcd"],
    linked: {
      ...withPrefix("k8s.io/component-base/version.", kubernetesBuildInfo),
      ...withPrefix("k8s.io/client-go/pkg/version.", kubernetesBuildInfo),
    },
    writesManifests: false,
    coldBuild: "8 minutes",
  },
  kubevirt: {
    name: "kubevirt",
    packages: [...kubevirtPrograms("virt-api", "virt-controller"), "./manifests"],
    linked: kubevirtBuildInfo,
    writesManifests: true,
    coldBuild: "4 minutes",
  },
  cdi: {
    name: "cdi",
    packages: ["./cdi-apiserver", "./cdi-controller", "./manifests"],
    linked: {},
    writesManifests: true,
    coldBuild: "3 minutes",
  },
  helm: {
    name: "helm",
    packages: ["tool"],
    linked: { "helm.sh/helm/v4/internal/version.version": "v4.3.1" },
    writesManifests: false,
    coldBuild: "3 minutes",
  },
  "envoy-protos": {
    name: "envoy-protos",
    packages: ["./manifests"],
    linked: {},
    writesManifests: true,
    coldBuild: "20 seconds",
  },
  "go-control-plane": {
    name: "go-control-plane",
    packages: ["./server", "./client"],
    linked: {},
    writesManifests: false,
    coldBuild: "a minute",
  },
  "envoy-drain": {
    name: "envoy-drain",
    packages: ["."],
    linked: {},
    writesManifests: false,
    coldBuild: "20 seconds",
  },
  // Nothing of a cluster's: `opa build` makes the bundles that authorization/ is tested with.
  opa: {
    name: "opa",
    packages: ["tool"],
    linked: {},
    writesManifests: false,
    coldBuild: "2 minutes",
  },
  "gateway-api": {
    name: "gateway-api",
    packages: ["./manifests"],
    linked: {},
    writesManifests: true,
    coldBuild: "20 seconds",
  },
  // Gateway API's own tests, and the backend that they send requests to.
  "gateway-conformance": {
    name: "gateway-conformance",
    packages: ["tool", "./suite"],
    linked: {},
    writesManifests: false,
    coldBuild: "2 minutes",
  },
  // A bucket for backups.
  versitygw: {
    name: "versitygw",
    packages: ["tool"],
    linked: {},
    writesManifests: false,
    coldBuild: "2 minutes",
  },
  // Both by one build with C, which the server's SQLite needs: a static agent would have most packages compiled twice.
  spire: {
    name: "spire",
    packages: [],
    linked: { "github.com/spiffe/spire/pkg/common/version.gittag": spireVersion },
    withC: {
      packages: ["tool"],
      tags: ["netgo", "osusergo"],
      needs: [
        { package: "gcc", program: "gcc" },
        { package: "libc6-dev", program: "gcc" },
      ],
    },
    writesManifests: false,
    coldBuild: "6 minutes",
  },
  "network-policies": {
    name: "network-policies",
    packages: ["."],
    linked: {},
    writesManifests: false,
    coldBuild: "2 minutes",
  },
  // The same versions of everything as `kubernetes`, whose build does most of the work.
  node: {
    name: "node",
    packages: ["tool", "./enter", "./forward", "./pause", "./probe"],
    linked: {
      ...withPrefix("k8s.io/component-base/version.", kubernetesBuildInfo),
      ...withPrefix("k8s.io/client-go/pkg/version.", kubernetesBuildInfo),
    },
    writesManifests: false,
    coldBuild: "2 minutes",
  },
  // What KubeVirt and CDI are on a cluster with a node, by their own mains; images are made of it.
  "kubevirt-node": {
    name: "kubevirt-node",
    folder: "kubevirt",
    packages: kubevirtPrograms(
      "virt-operator",
      "virt-api",
      "virt-controller",
      "virt-exportproxy",
      "synchronization-controller",
      "virt-chroot",
      "virt-launcher-monitor",
      "virt-launcher/libvirt-hook-client",
      "virt-probe",
      "virt-tail",
      "virt-freezer",
    ),
    linked: kubevirtBuildInfo,
    withC: {
      packages: kubevirtPrograms("virt-launcher", "virt-handler"),
      tags: [],
      needs: [
        { package: "gcc", program: "gcc" },
        { package: "pkg-config", program: "pkg-config" },
        { package: "libc6-dev", program: "gcc" },
        { package: "libvirt-dev", library: "libvirt" },
      ],
    },
    writesManifests: false,
    coldBuild: "5 minutes",
  },
  "cdi-node": {
    name: "cdi-node",
    folder: "cdi",
    packages: ["tool"],
    tags: ["containers_image_openpgp"],
    linked: {},
    writesManifests: false,
    coldBuild: "5 minutes",
  },
  containers: {
    name: "containers",
    packages: ["tool", "./coredns", "./provisioner"],
    linked: { "github.com/containerd/containerd/v2/version.Version": "v2.4.2" },
    withC: {
      packages: ["github.com/opencontainers/runc"],
      tags: ["netgo", "osusergo", "seccomp"],
      needs: [
        { package: "gcc", program: "gcc" },
        { package: "pkg-config", program: "pkg-config" },
        { package: "libc6-dev", program: "gcc" },
        { package: "libseccomp-dev", library: "libseccomp" },
      ],
    },
    writesManifests: false,
    coldBuild: "5 minutes",
  },
} as const satisfies Record<string, ToolModule>;

export type ToolModuleName = keyof typeof toolModules;

export const toolModuleNames = Object.keys(toolModules) as readonly ToolModuleName[];

/** The arguments of `go build` for a module, without the output folder. They are part of the cache's key. */
export function buildArguments(module: ToolModule): readonly string[] {
  const variables = Object.entries(module.linked).map(([name, value]) => `-X ${name}=${value}`);
  const tags = module.tags === undefined ? [] : [`-tags=${module.tags.join(",")}`];
  return ["build", "-trimpath", "-buildvcs=false", `-ldflags=${["-s", "-w", ...variables].join(" ")}`, ...tags];
}

/** What else is part of the key: how the programs with C libraries are built. */
export function withCKey({ withC }: ToolModule): readonly string[] {
  return withC === undefined ? [] : [JSON.stringify([withC.packages, withC.tags])];
}

function kubevirtPrograms(...names: readonly string[]): readonly string[] {
  return names.map((name) => `kubevirt.io/kubevirt/cmd/${name}`);
}

function withPrefix(prefix: string, values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));
}
