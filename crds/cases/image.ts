import type { Patch, RuleTable } from "../testing/rule-case.ts";

const NAME = "metadata.name must be a DNS label of at most 55 characters: lower-case letters, digits and '-'";
const ONE_SOURCE = "source must be exactly one of http, registry, volume and upload";
const CHECKSUM = "must be sha256: and 64, or sha512: and 128 lower-case hexadecimal digits";
const URL = "must be an address that begins with http:// or https://, names a host and holds no user or password";
const REGISTRY = "must begin with docker:// and end with the image's digest, @sha256: and 64 hexadecimal digits";
const SIZE = "must be a quantity of whole bytes above zero, such as 512Mi or 4Gi";
const SHARED = "sharedWith is needed with visibility Shared, and is only for it";
const DIGEST = `sha256:${"0a".repeat(32)}`;

const source = (more: Patch) => ({ spec: { source: more } });
const http = (more: Patch) => source({ http: more });
const registry = (url: string) => source({ http: null, registry: { url } });

export const imageRules: RuleTable = {
  kind: "Image",
  plural: "images",
  base: {
    apiVersion: "nephele.dev/v1alpha1",
    kind: "Image",
    metadata: { name: "rule" },
    spec: { source: { http: { url: "https://images.example.org/disk.qcow2", checksum: DIGEST } }, minDisk: "2Gi" },
  },
  cases: [
    {
      says: "a name of 65 characters",
      fault: { metadata: { name: "a".repeat(65) } },
      control: { metadata: { name: "a".repeat(55) } },
      at: "",
      refusedWith: NAME,
    },
    { says: "no source", fault: source({ http: null }), at: "spec.source", refusedWith: ONE_SOURCE },
    {
      says: "an unknown source",
      fault: source({ http: null, ftp: { url: "ftp://example.org/disk" } }),
      at: "spec.source",
      refusedWith: ONE_SOURCE,
    },
    {
      says: "two sources",
      fault: source({ upload: {} }),
      control: source({ http: null, upload: {} }),
      at: "spec.source",
      refusedWith: ONE_SOURCE,
    },
    {
      says: "no checksum",
      fault: http({ checksum: null }),
      at: "spec.source.http.checksum",
      refusedWith: "Required value",
    },
    {
      says: "a checksum of the wrong length",
      fault: http({ checksum: "sha256:0a" }),
      at: "spec.source.http.checksum",
      refusedWith: CHECKSUM,
    },
    {
      says: "a checksum by a broken algorithm",
      fault: http({ checksum: `md5:${"0a".repeat(16)}` }),
      control: http({ checksum: `sha512:${"0a".repeat(64)}` }),
      at: "spec.source.http.checksum",
      refusedWith: CHECKSUM,
    },
    {
      says: "a file of the importer's own disk",
      fault: http({ url: "file:///etc/passwd" }),
      at: "spec.source.http.url",
      refusedWith: URL,
    },
    {
      says: "an address with a password",
      fault: http({ url: "https://u:p@images.example.org/d" }),
      at: "spec.source.http.url",
      refusedWith: URL,
    },
    {
      says: "a container image without its digest",
      fault: registry("docker://registry.example.org/debian:13"),
      control: registry(`docker://registry.example.org/debian@${DIGEST}`),
      at: "spec.source.registry.url",
      refusedWith: REGISTRY,
    },
    { says: "a disk of nothing", fault: { spec: { minDisk: "0" } }, at: "spec.minDisk", refusedWith: SIZE },
    {
      says: "no minDisk",
      fault: { spec: { minDisk: null } },
      control: { spec: { minDisk: null, source: { http: null, volume: { name: "golden" } } } },
      at: "spec",
      refusedWith: "minDisk is needed: it is the size of the volume that the image is written to",
    },
    {
      says: "shared with nobody",
      fault: { spec: { visibility: "Shared" } },
      control: { spec: { visibility: "Shared", sharedWith: ["team-b"] } },
      at: "spec",
      refusedWith: SHARED,
    },
    { says: "private and shared", fault: { spec: { sharedWith: ["team-b"] } }, at: "spec", refusedWith: SHARED },
    {
      says: "an unknown visibility",
      fault: { spec: { visibility: "Secret" } },
      at: "spec.visibility",
      refusedWith: 'supported values: "Private", "Shared", "Public"',
    },
    {
      says: "the source is changed",
      before: {},
      fault: http({ url: "https://images.example.org/other" }),
      at: "spec.source",
      refusedWith: "source cannot be changed: make another Image",
    },
    {
      says: "the source becomes another one",
      before: {},
      fault: source({ http: null, upload: {} }),
      at: "spec.source",
      refusedWith: "source cannot be changed: make another Image",
    },
    {
      says: "minDisk is changed",
      before: {},
      fault: { spec: { minDisk: "3Gi" } },
      at: "spec.minDisk",
      refusedWith: "minDisk cannot be changed: the volume has been made with it",
    },
    {
      says: "minDisk is added",
      before: { spec: { minDisk: null, source: { http: null, volume: { name: "golden" } } } },
      fault: { spec: { minDisk: "3Gi" } },
      at: "spec",
      refusedWith: "minDisk cannot be added or removed later",
    },
    {
      says: "minDisk is removed",
      before: { spec: { source: { http: null, volume: { name: "golden" } } } },
      fault: { spec: { minDisk: null } },
      at: "spec",
      refusedWith: "minDisk cannot be added or removed later",
    },
  ],
};
