import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { faultsOf } from "./image-faults.ts";
import { openArchive, type RunConfig } from "./oci-archive.ts";
import { writeArchive } from "./testing/archive.ts";

const good: RunConfig = { User: "42424:42424", Entrypoint: ["uwsgi"], Env: ["PATH=/usr/bin", "LANG=C.UTF-8"] };
const { privateKey } = generateKeyPairSync("ec", {
  namedCurve: "P-256",
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "image-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function faults(config: RunConfig, files: Readonly<Record<string, string>> = {}): Promise<readonly string[]> {
  const machineFile = join(folder, "machine-ca.crt");
  writeFileSync(machineFile, "the machine's authorities");
  const archive = join(folder, "image.tar");
  await writeArchive(archive, config, { "etc/os-release": "ID=debian", ...files });
  return faultsOf(await openArchive(archive, join(folder, "opened")), [{ id: "ca.crt", path: machineFile }]);
}

test("a good image has none", async () => {
  expect(await faults(good)).toEqual([]);
});

describe("refused is", () => {
  test.each<readonly [string, RunConfig, RegExp]>([
    ["one that names no user", { ...good, User: "" }, /runs as root/],
    ["one that runs as root by number", { ...good, User: "0:0" }, /runs as 0: USER must be a number above 0/],
    ["one whose user has only a name", { ...good, User: "keystone" }, /runs as keystone/],
    ["one that starts nothing", { ...good, Entrypoint: [] }, /no ENTRYPOINT/],
    ["a password in the environment", { ...good, Env: ["DB_PASSWORD=x"] }, /DB_PASSWORD: secrets are mounted/],
    ["a registry in the environment", { ...good, Env: ["MIRROR=https://mirror.example.org/"] }, /address in MIRROR/],
  ])("%s", async (_says, config, fault) => {
    expect(await faults(config)).toEqual([expect.stringMatching(fault)]);
  });

  test.each([
    ["pip's settings", { "etc/pip.conf": "[global]" }, "/etc/pip.conf is a setting"],
    ["npm's settings", { "app/.npmrc": "registry=x" }, "/app/.npmrc is a setting"],
    ["apt's sources", { "etc/apt/sources.list": "deb x" }, "/etc/apt/sources.list is a setting"],
    ["a file that was mounted", { "etc/ssl/ca.pem": "the machine's authorities" }, "/etc/ssl/ca.pem is "],
    ["a private key", { "opt/key.pem": privateKey }, "/opt/key.pem holds a private key"],
  ])("%s in a layer", async (_says, files, fault) => {
    expect(await faults(good, files)).toEqual([expect.stringContaining(fault)]);
  });
});

test("a library with a key for its self-test holds none", async () => {
  expect(await faults(good, { "usr/lib/libgnutls.so.30": `\x7fELF...${privateKey}` })).toEqual([]);
});

test("a program that names the format of a private key holds none", async () => {
  expect(await faults(good, { "opt/ssh.py": 'HEAD = b"-----BEGIN OPENSSH PRIVATE KEY-----"\nEND = 1\n' })).toEqual([]);
});
