import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openPki, type Pki } from "./pki.ts";

let folder: string;
let pki: Pki;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pki-"));
  pki = openPki(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a certificate is its authority's, names the user and his groups, and its key fits", async () => {
  const authority = await pki.authority("ca", "test-ca");
  const pair = await authority.issue({ commonName: "jane", organizations: ["dev", "ops"], addresses: ["127.0.0.1"] });
  const certificate = new X509Certificate(pair.certificate);
  expect(certificate.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true);
  expect(certificate.subject.split("\n")).toEqual(["O=dev", "O=ops", "CN=jane"]);
  expect(certificate.checkIP("127.0.0.1")).toBe("127.0.0.1");
  expect(certificate.ca).toBe(false);
});

test("what was made once is used again, and another name gets another", async () => {
  const authority = await pki.authority("ca", "test-ca");
  const first = await pki.issued(authority, "server", { commonName: "server" });
  const again = await openPki(folder).issued(authority, "server", { commonName: "server" });
  expect(again.certificate).toBe(first.certificate);
  const other = await pki.issued(authority, "other", { commonName: "server" });
  expect(other.certificate).not.toBe(first.certificate);
});

test("nobody but the owner can read a key", async () => {
  const { keyFile } = await pki.signingKey("tokens");
  expect(statSync(keyFile).mode & 0o777).toBe(0o600);
});
