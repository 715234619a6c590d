import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openPki } from "#e2e/cluster/pki.ts";
import { aCloud, anEdgesLimits } from "#operator/cloud/fixtures.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";
import { createCloudAccess } from "./cloud-access.ts";

/** What people are told of the authority of a Cloud's edge, by what its core Secret holds. */

const folder = mkdtempSync(join(tmpdir(), "access-"));
let certificate: string;
beforeAll(async () => {
  certificate = (await openPki(folder).authority("ca", "ca")).certificate;
});
afterAll(() => rmSync(folder, { recursive: true }));

const cloud = aCloud({
  gateway: {
    hostnames: ["cloud.example.org"],
    certificateSecretRef: { name: "cloud-tls" },
    className: "nephele",
    limits: anEdgesLimits,
  },
});

async function authorityBy(text: string | undefined): Promise<string | undefined> {
  const encoded = (values: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString("base64")]));
  const secrets: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    "default-operator": { username: "u", password: "p", userDomain: "Default" },
    "cloud-tls": text === undefined ? {} : { "ca.crt": text },
  };
  const get = async (_resource: unknown, { name }: { readonly name: string }) => ({
    data: encoded(secrets[name] ?? {}),
  });
  const access = createCloudAccess({
    kube: { get: get as unknown as KubeClient["get"] },
    clients: { get: () => ({}) as never },
    clock: () => new Date(),
  });
  return access.identityAuthority(cloud);
}

test("is its certificate", async () => {
  expect(await authorityBy(certificate)).toContain("BEGIN CERTIFICATE");
});

test.each([
  ["there is none", undefined],
  ["it is empty, as of a certificate by a public authority", ""],
  ["it is none", "words"],
])("is nothing where %s: clients keep to the system's", async (_where, text) => {
  expect(await authorityBy(text)).toBeUndefined();
});
