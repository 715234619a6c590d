import { randomBytes } from "node:crypto";
import { stringify } from "yaml";

/**
 * Secrets are written to etcd encrypted by a random key, and read in clear only if they were written before there was
 * one (EncryptionConfiguration, apiserver.config.k8s.io/v1).
 */
export function encryptionConfiguration(): string {
  return stringify({
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "EncryptionConfiguration",
    resources: [
      {
        resources: ["secrets"],
        providers: [
          { secretbox: { keys: [{ name: "first", secret: randomBytes(32).toString("base64") }] } },
          { identity: {} },
        ],
      },
    ],
  });
}

/**
 * What the API server writes down (audit.k8s.io/v1; the first rule that matches counts). Every request leaves one line
 * when it is complete, so that permissions used and writes made can be counted. Bodies are kept for writes of Nephele's
 * accounts, to look for payloads in them; never for Secrets, where a payload is right, nor for tokens.
 */
export function auditPolicy(): string {
  const secretResources = [
    { group: "", resources: ["secrets", "serviceaccounts/token"] },
    { group: "authentication.k8s.io", resources: ["tokenreviews"] },
  ];
  return stringify({
    apiVersion: "audit.k8s.io/v1",
    kind: "Policy",
    omitStages: ["RequestReceived", "ResponseStarted"],
    rules: [
      { level: "None", nonResourceURLs: ["/healthz*", "/readyz*", "/livez*", "/openapi/*"] },
      { level: "Metadata", resources: secretResources },
      {
        level: "RequestResponse",
        userGroups: ["system:serviceaccounts:nephele-system"],
        verbs: ["create", "update", "patch", "delete", "deletecollection"],
      },
      { level: "Metadata" },
    ],
  });
}
