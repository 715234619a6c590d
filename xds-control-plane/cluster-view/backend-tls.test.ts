import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import type { KubeObject } from "#runtime/api/object.ts";
import { readBackendTls } from "./backend-tls.ts";
import { clusterObjects } from "./objects.ts";

const objects = clusterObjects(
  parseAllDocuments(readFileSync(join(import.meta.dirname, "cases/backend-tls.yaml"), "utf8")).map(
    (document) => document.toJS() as KubeObject,
  ),
);
const own = objects.configMaps.find(({ metadata }) => metadata.name === "authority");
const certificate = own?.data?.["ca.crt"] ?? "";

/** The authorities that a policy by this text has. */
function authoritiesOf(text: string): string | undefined {
  const configMaps = objects.configMaps.map((each) => (each === own ? { ...each, data: { "ca.crt": text } } : each));
  const policies = readBackendTls({ ...objects, configMaps }, () => false);
  return policies.find(({ policy }) => policy.metadata.name === "own")?.tls?.authorities;
}

test("of an authority's text proxies are given the certificates, and nothing else that stands there", () => {
  expect(certificate).toContain("BEGIN CERTIFICATE");
  expect(authoritiesOf(certificate)).toBe(certificate);
  const key = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
  expect(authoritiesOf(`ours\n${certificate}${key}${certificate}`)).toBe(certificate + certificate);
});

test.each([
  ["no certificate", "none"],
  ["one that does not end", `${certificate}-----BEGIN CERTIFICATE-----\nTUlJ\n`],
  ["one in other letters", `${certificate}-----BEGIN CERTIFICATE-----\nTU-J\n-----END CERTIFICATE-----\n`],
  ["one that is none", `${certificate}-----BEGIN CERTIFICATE-----\nTUlJ\n-----END CERTIFICATE-----\n`],
])("a text with %s is no authority", (_what, text) => {
  expect(authoritiesOf(text)).toBeUndefined();
});
