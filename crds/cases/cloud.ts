import type { RuleTable } from "../testing/rule-case.ts";

const NAME = "metadata.name must be a DNS label of at most 40 characters that begins with a letter";
const URL = "must be an address that begins with http:// or https://, names a host and holds no user or password";

const identity = (url: string) => ({ spec: { identity: { external: { url } } } });
const keyManager = (url: string) => ({ spec: { keyManager: { external: { url } } } });

export const cloudRules: RuleTable = {
  kind: "Cloud",
  plural: "clouds",
  base: {
    apiVersion: "nephele.dev/v1alpha1",
    kind: "Cloud",
    metadata: { name: "rule" },
    spec: {
      identity: { external: { url: "https://keystone.example.org/v3", credentialsSecretRef: { name: "admin" } } },
      keyManager: { external: { url: "http://127.0.0.1:9311" } },
      protected: false,
    },
  },
  cases: [
    { says: "a name of 65 characters", fault: { metadata: { name: "a".repeat(65) } }, at: "", refusedWith: NAME },
    {
      says: "a name of 41 characters",
      fault: { metadata: { name: "a".repeat(41) } },
      control: { metadata: { name: "a".repeat(40) } },
      at: "",
      refusedWith: NAME,
    },
    { says: "a name that begins with a digit", fault: { metadata: { name: "1-cloud" } }, at: "", refusedWith: NAME },
    {
      says: "Keystone by another protocol",
      fault: identity("ftp://keystone.example.org"),
      at: "spec.identity.external.url",
      refusedWith: URL,
    },
    {
      says: "Keystone without a host",
      fault: identity("https:///v3"),
      at: "spec.identity.external.url",
      refusedWith: URL,
    },
    {
      says: "a password in Keystone's address",
      fault: identity("https://me:pw@keystone.example.org"),
      at: "spec.identity.external.url",
      refusedWith: URL,
    },
    { says: "Barbican by a path", fault: keyManager("/v1"), at: "spec.keyManager.external.url", refusedWith: URL },
    {
      says: "Barbican by words",
      fault: keyManager("the usual one"),
      at: "spec.keyManager.external.url",
      refusedWith: URL,
    },
    {
      says: "no Keystone",
      fault: { spec: { identity: { external: null } } },
      at: "spec.identity.external",
      refusedWith: "Required value",
    },
    {
      says: "no credentials",
      fault: { spec: { identity: { external: { credentialsSecretRef: null } } } },
      at: "spec.identity.external.credentialsSecretRef",
      refusedWith: "Required value",
    },
    {
      says: "the region is changed",
      before: { spec: { region: "RegionOne" } },
      fault: { spec: { region: "RegionTwo" } },
      at: "spec.region",
      refusedWith: "region cannot be changed: the catalog's endpoints are found by it",
    },
  ],
};
