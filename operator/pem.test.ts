import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openPki } from "#e2e/cluster/pki.ts";
import { certificatesIn } from "./pem.ts";

const folder = mkdtempSync(join(tmpdir(), "pem-"));
let certificate: string;
beforeAll(async () => {
  certificate = (await openPki(folder).authority("ca", "ca")).certificate;
});
afterAll(() => rmSync(folder, { recursive: true }));

test("certificates are given, and nothing that stands beside them", () => {
  expect(certificatesIn(certificate)?.trim()).toBe(certificate.trim());
  const key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
  const given = certificatesIn(`# of the house\n${certificate}\n${key}${certificate}`);
  expect(given?.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  expect(given).not.toMatch(/PRIVATE|house/);
});

test("what holds none, or one that is damaged or cut off, gives none", () => {
  expect(certificatesIn("")).toBeUndefined();
  expect(certificatesIn("words")).toBeUndefined();
  expect(
    certificatesIn(`${certificate}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`),
  ).toBeUndefined();
  expect(certificatesIn(certificate + certificate.slice(0, 300))).toBeUndefined();
});
