import type { Patch, RuleTable } from "../testing/rule-case.ts";

const NAME = "metadata.name must be a DNS label of at most 63 characters that begins with a letter";
const SIZE = "must be a quantity of whole bytes above zero, such as 512Mi or 4Gi";
const SHRINK = "a root disk can grow, not shrink";
const DURATION = "must be a duration above zero in hours, minutes and seconds, such as 720h, 1h30m or 45s";
const OWN_NAMES = "core Secrets that Nephele makes (clouds, nephele-*) cannot be a source";
const PATH = "must be an absolute path of letters, digits and ._@+- without . and .. parts";
const MODE = "must be four octal digits that begin with 0, such as 0400";
const SSH_KEY =
  "must be one public key in the form of authorized_keys: its type (ssh-ed25519, ssh-rsa, ecdsa-sha2-nistp256 …), base64, a comment";
const METADATA = "a name in metadata has 1 to 255 characters";
const PRESENCE = "zone cannot be added or removed later";
const REBUILD = "changing imageRef writes the root disk anew: set rebuildPolicy to Replace if that is meant";
const KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIMNPyTBHvefeyPkRWgJL/U0d5tAAGuoxZPfO8wUliQsD";

const spec = (more: Patch) => ({ spec: more });
const file = (more: Patch) =>
  spec({ files: [{ path: "/etc/app/password", secretRef: { name: "db-password" }, ...more }] });
const sshKey = (...sshKeys: readonly string[]) => spec({ sshKeys });
const reboot = (more: Patch) => spec({ reboot: { requestedAt: "2026-11-23T10:00:00Z", ...more } });
const userData = (name: string) => spec({ userData: { secretKeyRef: { name } } });

export const serverRules: RuleTable = {
  kind: "Server",
  plural: "servers",
  base: {
    apiVersion: "nephele.dev/v1alpha1",
    kind: "Server",
    metadata: { name: "rule" },
    spec: { flavorRef: { name: "small" }, imageRef: { name: "debian-13" } },
  },
  cases: [
    {
      says: "a name of 65 characters",
      fault: { metadata: { name: "a".repeat(65) } },
      control: { metadata: { name: "a".repeat(63) } },
      at: "",
      refusedWith: NAME,
    },
    { says: "a name that begins with a digit", fault: { metadata: { name: "1-web" } }, at: "", refusedWith: NAME },
    {
      says: "an unknown power",
      fault: spec({ power: "Off" }),
      at: "spec.power",
      refusedWith: 'supported values: "Running", "Stopped", "Paused"',
    },
    {
      says: "a root disk of nothing",
      fault: spec({ rootDisk: { size: "0Gi" } }),
      at: "spec.rootDisk.size",
      refusedWith: SIZE,
    },
    {
      says: "a root disk that is no quantity",
      fault: spec({ rootDisk: { size: "5 gigabytes" } }),
      control: spec({ rootDisk: { size: "5G" } }),
      at: "spec.rootDisk.size",
      refusedWith: SIZE,
    },
    {
      says: "a reboot at no time",
      fault: reboot({ requestedAt: "now" }),
      control: reboot({}),
      at: "spec.reboot.requestedAt",
      refusedWith: "must be of type date-time",
    },
    {
      says: "no patience with a reboot",
      fault: reboot({ hardAfter: "0s" }),
      at: "spec.reboot.hardAfter",
      refusedWith: DURATION,
    },
    {
      says: "patience in words",
      fault: reboot({ hardAfter: "a minute" }),
      control: reboot({ hardAfter: "1m" }),
      at: "spec.reboot.hardAfter",
      refusedWith: DURATION,
    },
    {
      says: "the core Secret clouds as user data",
      fault: userData("clouds"),
      control: userData("web-user-data"),
      at: "spec.userData.secretKeyRef.name",
      refusedWith: OWN_NAMES,
    },
    {
      says: "a core Secret of Nephele's as user data",
      fault: userData("nephele-web-1"),
      at: "spec.userData.secretKeyRef.name",
      refusedWith: OWN_NAMES,
    },
    {
      says: "a file by a relative path",
      fault: file({ path: "etc/app/password" }),
      control: file({}),
      at: "spec.files[0].path",
      refusedWith: PATH,
    },
    {
      says: "a file above its folder",
      fault: file({ path: "/etc/app/../shadow" }),
      control: file({ path: "/etc/app/..shadow" }),
      at: "spec.files[0].path",
      refusedWith: PATH,
    },
    {
      says: "a file with a line break in its name",
      fault: file({ path: "/etc/a\nb" }),
      at: "spec.files[0].path",
      refusedWith: PATH,
    },
    {
      says: "a folder instead of a file",
      fault: file({ path: "/etc/app/" }),
      at: "spec.files[0].path",
      refusedWith: PATH,
    },
    { says: "a mode that is not octal", fault: file({ mode: "0980" }), at: "spec.files[0].mode", refusedWith: MODE },
    {
      says: "a mode with set-user-id",
      fault: file({ mode: "4755" }),
      control: file({ mode: "0755" }),
      at: "spec.files[0].mode",
      refusedWith: MODE,
    },
    {
      says: "two files at one path",
      fault: spec({
        files: [
          { path: "/a", secretRef: { name: "x" } },
          { path: "/a", secretRef: { name: "y" } },
        ],
      }),
      at: "spec.files[1]",
      refusedWith: "Duplicate value",
    },
    {
      says: "a private key",
      fault: sshKey("-----BEGIN OPENSSH PRIVATE KEY-----"),
      control: sshKey(`ssh-ed25519 ${KEY} me@example.org`),
      at: "spec.sshKeys[0]",
      refusedWith: SSH_KEY,
    },
    {
      says: "a key with options",
      fault: sshKey(`command="id" ssh-ed25519 ${KEY}`),
      control: sshKey(`ssh-ed25519 ${KEY}`),
      at: "spec.sshKeys[0]",
      refusedWith: SSH_KEY,
    },
    {
      says: "two keys in one line",
      fault: sshKey(`ssh-ed25519 ${KEY} a\nssh-ed25519 ${KEY} b`),
      control: sshKey(`ssh-ed25519 ${KEY} a`, `ssh-ed25519 ${KEY} b`),
      at: "spec.sshKeys[0]",
      refusedWith: SSH_KEY,
    },
    {
      says: "metadata without a name",
      fault: spec({ metadata: { "": "web" } }),
      control: spec({ metadata: { role: "web" } }),
      at: "spec.metadata",
      refusedWith: METADATA,
    },
    {
      says: "metadata with a name of 256 characters",
      fault: spec({ metadata: { ["a".repeat(256)]: "web" } }),
      control: spec({ metadata: { ["a".repeat(255)]: "web" } }),
      at: "spec.metadata",
      refusedWith: METADATA,
    },
    {
      says: "the same host and another one",
      fault: spec({ placement: { sameHost: ["db"], differentHost: ["db"] } }),
      control: spec({ placement: { sameHost: ["db"], differentHost: ["web-2"] } }),
      at: "spec.placement",
      refusedWith: "a Server cannot be in sameHost and differentHost at once",
    },
    {
      says: "the image is changed without a rebuild being meant",
      before: {},
      fault: spec({ imageRef: { name: "debian-14" } }),
      control: spec({ imageRef: { name: "debian-14" }, rebuildPolicy: "Replace" }),
      at: "spec.imageRef",
      refusedWith: REBUILD,
    },
    {
      says: "the image's namespace is added without a rebuild being meant",
      before: {},
      fault: spec({ imageRef: { namespace: "images" } }),
      at: "spec.imageRef",
      refusedWith: REBUILD,
    },
    {
      says: "the root disk is made smaller",
      before: spec({ rootDisk: { size: "5Gi" } }),
      fault: spec({ rootDisk: { size: "5119Mi" } }),
      control: spec({ rootDisk: { size: "5121Mi" } }),
      at: "spec.rootDisk.size",
      refusedWith: SHRINK,
    },
    {
      says: "the root disk's size is removed",
      before: spec({ rootDisk: { size: "5Gi" } }),
      fault: spec({ rootDisk: { size: null } }),
      at: "spec.rootDisk.size",
      refusedWith: SHRINK,
    },
    {
      says: "the zone is changed",
      before: spec({ zone: "a" }),
      fault: spec({ zone: "b" }),
      at: "spec.zone",
      refusedWith: "zone cannot be changed: the disks stay where they are",
    },
    { says: "the zone is added", before: {}, fault: spec({ zone: "a" }), at: "spec", refusedWith: PRESENCE },
    {
      says: "the zone is removed",
      before: spec({ zone: "a" }),
      fault: spec({ zone: null }),
      at: "spec",
      refusedWith: PRESENCE,
    },
  ],
};
