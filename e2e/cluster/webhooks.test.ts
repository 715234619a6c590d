import { describe, expect, test } from "vitest";
import { type Manifest, manifests, rewired } from "./webhooks.ts";

const local = { name: "virt-api", namespace: "kubevirt", port: 20_001, authority: "PEM" };
const caBundle = Buffer.from("PEM").toString("base64");
const configuration = (...services: readonly string[]): Manifest => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingWebhookConfiguration",
  metadata: { name: "hooks" },
  webhooks: services.map((name) => ({ name, clientConfig: { service: { name, namespace: "kubevirt", path: "/v" } } })),
});
const apiService = (name: string): Manifest => ({
  apiVersion: "apiregistration.k8s.io/v1",
  kind: "APIService",
  metadata: { name: "v1.x" },
  spec: { group: "x", insecureSkipTLSVerify: true, service: { name, namespace: "kubevirt" } },
});
const policy: Manifest = { apiVersion: "v1", kind: "ValidatingAdmissionPolicy", metadata: { name: "p" } };

describe("objects that call a service", () => {
  test("a webhook calls the process, by its authority", () => {
    const service = { name: "virt-api", namespace: "kubevirt", path: "/v", port: 20_001 };
    expect(rewired([configuration("virt-api")], local)).toEqual([
      { ...configuration(), webhooks: [{ name: "virt-api", clientConfig: { caBundle, service } }] },
    ]);
  });

  test("an API service too, and it verifies the certificate", () => {
    const service = { name: "virt-api", namespace: "kubevirt", port: 20_001 };
    expect(rewired([apiService("virt-api")], local)).toEqual([
      { ...apiService("virt-api"), spec: { group: "x", caBundle, service } },
    ]);
  });

  test.each([
    ["a webhook of another service is left out", configuration("other")],
    ["an API service of another service is left out", apiService("other")],
  ])("%s", (_sentence, object) => {
    expect(rewired([object], local)).toEqual([]);
  });

  test("what calls nothing stays", () => {
    expect(rewired([policy], local)).toEqual([policy]);
  });
});

test("empty documents of a file are no objects", () => {
  expect(manifests("---\n---\napiVersion: v1\nkind: A\nmetadata: {name: a}\n---\n")).toHaveLength(1);
});
